/** Numbers, sizes and times in the words of a language. Nothing here reads a clock. */

export type Language = 'en' | 'pl';

/** The language as this person's browser writes it, such as `en-GB`: dates and numbers differ within a language. */
export function localeOf(language: Language): string {
  const wanted: readonly string[] = (globalThis as { navigator?: Navigator }).navigator?.languages ?? [];
  return wanted.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

const made = new Map<string, Intl.NumberFormat>();

function formatOf(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  const known = made.get(key) ?? new Intl.NumberFormat(localeOf(language), options);
  made.set(key, known);
  return known;
}

/** Which unit a size is told in, and how many of it there are. */
export function scaled(bytes: number): { readonly value: number; readonly unit: (typeof UNITS)[number] } {
  let value = bytes;
  let index = 0;
  while (Math.abs(value) >= 999.5 && index < UNITS.length - 1) {
    value /= 1000;
    index += 1;
  }
  return { value, unit: UNITS[index] ?? 'byte' };
}

function digits(value: number): number {
  if (Math.abs(value) >= 99.95) return 0;
  return Math.abs(value) >= 9.995 ? 1 : 2;
}

/** A size in decimal units: `2.02 GB`. */
export function size(bytes: number, language: Language): string {
  const { value, unit } = scaled(bytes);
  const fraction = unit === 'byte' ? 0 : digits(value);
  const style = { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short' } as const;
  return formatOf(language, { ...style, maximumFractionDigits: fraction }).format(value);
}

/** A speed: `22 MB/s`. */
export function speed(bytesPerSecond: number, language: Language): string {
  return `${size(bytesPerSecond, language)}/s`;
}

/** A large count in few characters: `43M`. */
export function compact(count: number, language: Language): string {
  return formatOf(language, { notation: 'compact', maximumFractionDigits: 1 }).format(count);
}

export function count(value: number, language: Language): string {
  return formatOf(language, {}).format(value);
}

/** A share from 0 to 100: `41%`. */
export function percent(value: number, language: Language): string {
  return formatOf(language, { style: 'percent', maximumFractionDigits: 0 }).format(value / 100);
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long something takes, in its largest unit, and the next where the largest is small: `2 min`, `1 hr 20 min`. */
export function duration(seconds: number, language: Language): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = SPANS.findIndex(([, length]) => whole >= length);
  if (first < 0) return inUnit(seconds > 0 ? Math.max(0.1, seconds) : 0, 'second', language);
  const [unit, length] = SPANS[first] ?? SPANS[3];
  const many = Math.floor(whole / length);
  const next = SPANS[first + 1];
  const more = next && many < 10 ? Math.floor((whole % length) / next[1]) : 0;
  const large = inUnit(many, unit, language);
  return next && more > 0 ? `${large} ${inUnit(more, next[0], language)}` : large;
}

function inUnit(value: number, unit: string, language: Language): string {
  return formatOf(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(value);
}
