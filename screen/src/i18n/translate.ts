/**
 * Sentences by key, in every language of the page.
 *
 * English says which keys there are and which `{names}` each sentence has; the compiler holds the other languages and
 * every use to that. A sentence about a number has one form for each plural of its language.
 */

import { en } from './en';
import { pl } from './pl';
import type { Language } from '../format/numbers';
import { count as formatCount } from '../format/numbers';

export interface Plural {
  readonly one: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

export type English = typeof en;
export type Key = keyof English;
export type Dictionary = { readonly [K in Key]: English[K] extends string ? string : Plural };

export const dictionaries: Readonly<Record<Language, Dictionary>> = { en, pl };

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type TextOf<T> = T extends string ? T : T extends { readonly other: infer O extends string } ? O : never;

/** The names that a sentence wants values for. */
export type NamesOf<K extends Key> = Names<TextOf<English[K]>>;
export type Values<K extends Key, V = string | number> = Readonly<Record<NamesOf<K>, V>>;
export type Arguments<K extends Key> = [NamesOf<K>] extends [never] ? [] : [values: Values<K>];

export type Translate = <K extends Key>(key: K, ...values: Arguments<K>) => string;

const rules = { en: new Intl.PluralRules('en'), pl: new Intl.PluralRules('pl') };

/** The sentence with its `{names}` still in it. */
export function template(language: Language, key: Key, many?: unknown): string {
  const found: string | Plural = dictionaries[language][key];
  if (typeof found === 'string') return found;
  const form = rules[language].select(Number(many));
  return (form in found ? found[form as keyof Plural] : undefined) ?? found.other;
}

/** A sentence with its values; numbers are written as the language writes them. */
export function translate(
  language: Language,
  key: Key,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return template(language, key, values.count).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? formatCount(value, language) : value;
  });
}
