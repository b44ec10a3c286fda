/** The state of the whole, taken apart so that it can be told in another language. */

export type SummaryKind = 'in_sync' | 'working' | 'waiting' | 'attention' | 'unknown' | 'starting' | 'other';

export interface Summary {
  readonly kind: SummaryKind;
  readonly count: number;
  /** Which runtimes do not answer. */
  readonly names: string;
}

const NUMBERED: readonly (readonly [RegExp, SummaryKind])[] = [
  [/^Working: (\d+)$/, 'working'],
  [/^Waiting: (\d+)$/, 'waiting'],
  [/^Needs attention: (\d+)$/, 'attention'],
];

const WORDS: ReadonlyMap<string, SummaryKind> = new Map([
  ['In sync', 'in_sync'],
  ['Starting', 'starting'],
]);

export function summaryOf(text: string): Summary {
  for (const [pattern, kind] of NUMBERED) {
    const found = pattern.exec(text);
    if (found) return { kind, count: Number(found[1]), names: '' };
  }
  const lost = /^Unknown: (.+) do(?:es)? not answer$/.exec(text);
  if (lost) return { kind: 'unknown', count: 0, names: lost[1] ?? '' };
  return { kind: WORDS.get(text) ?? 'other', count: 0, names: '' };
}
