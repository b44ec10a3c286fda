/** Moments, told by how long ago they were. */

import type { Language } from './numbers';
import { localeOf } from './numbers';

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

interface Formats {
  readonly relative: Intl.RelativeTimeFormat;
  readonly moment: Intl.DateTimeFormat;
  readonly clock: Intl.DateTimeFormat;
}

const made = new Map<Language, Formats>();

function formatsOf(language: Language): Formats {
  const locale = localeOf(language);
  const formats = made.get(language) ?? {
    relative: new Intl.RelativeTimeFormat(locale, { style: 'narrow' }),
    moment: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }),
    clock: new Intl.DateTimeFormat(locale, { timeStyle: 'short' }),
  };
  made.set(language, formats);
  return formats;
}

/** Clocks differ a little, so what is just ahead is told as now. */
const AHEAD_SECONDS = 3;

/** `8s ago`, `in 5 min`: seen from `now`. Both in milliseconds since the epoch. */
export function ago(moment: number, now: number, language: Language): string {
  const seconds = Math.trunc((moment - now) / 1000);
  const found = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  if (!found || (seconds > 0 && seconds < AHEAD_SECONDS)) return justNow(language);
  return formatsOf(language).relative.format(Math.trunc(seconds / found[1]), found[0]);
}

function justNow(language: Language): string {
  return language === 'pl' ? 'teraz' : 'now';
}

/** The date and the time of day, to the second. */
export function exact(moment: number, language: Language): string {
  return formatsOf(language).moment.format(moment);
}

/** The time of day; the date too where it is not the day of `now`. */
export function clock(moment: number, now: number, language: Language): string {
  const sameDay = new Date(moment).toDateString() === new Date(now).toDateString();
  return sameDay ? formatsOf(language).clock.format(moment) : exact(moment, language);
}
