/** The language of the page: chosen once, remembered, and told to screen readers. */

import { createContext, Fragment, useContext, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import type { Language } from '../format/numbers';
import { recall, remember } from '../live/memory';
import type { Key, Translate, Values } from './translate';
import { template, translate } from './translate';

export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', pl: 'Polski' };

interface Chosen {
  readonly language: Language;
  readonly choose: (language: Language) => void;
  readonly t: Translate;
}

const Context = createContext<Chosen | null>(null);

export function useLanguage(): Chosen {
  const chosen = useContext(Context);
  if (!chosen) throw new Error('There is no LanguageProvider around this.');
  return chosen;
}

/** The language that was chosen before, else the first of the browser's that the page speaks. */
export function firstLanguage(remembered: string | null, wanted: readonly string[]): Language {
  const known = [remembered, ...wanted].map((tag) => tag?.slice(0, 2).toLowerCase());
  return known.includes('pl') && known.find((tag) => tag === 'en' || tag === 'pl') === 'pl' ? 'pl' : 'en';
}

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(() => firstLanguage(recall('language'), navigator.languages));

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = translate(language, 'page.title');
  }, [language]);

  const chosen = useMemo<Chosen>(() => {
    const choose = (next: Language): void => {
      remember('language', next);
      setLanguage(next);
    };
    const t = (key: Key, values?: Readonly<Record<string, string | number>>) => translate(language, key, values);
    return { language, choose, t };
  }, [language]);

  return <Context value={chosen}>{children}</Context>;
}

interface SayProps<K extends Key> {
  readonly k: K;
  readonly values: Values<K, ReactNode>;
}

/** A sentence whose values are more than text, such as a name in monospace. */
export function Say<K extends Key>({ k, values }: SayProps<K>) {
  const { language } = useLanguage();
  const known = values as Readonly<Record<string, ReactNode>>;
  const parts = template(language, k, known.count).split(/\{(\w+)\}/);
  return parts.map((part, index) => <Fragment key={index}>{index % 2 === 0 ? part : known[part]}</Fragment>);
}
