import { describe, expect, it } from 'vitest';
import { en } from './en';
import { firstLanguage } from './language';
import { pl } from './pl';
import type { Key, Plural } from './translate';
import { translate } from './translate';

const keys = Object.keys(en) as Key[];

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '').sort();
}

function forms(sentence: string | Plural): string[] {
  return typeof sentence === 'string' ? [sentence] : Object.values<string>({ ...sentence });
}

describe('the dictionaries', () => {
  it('have the same keys', () => expect(Object.keys(pl).sort()).toEqual([...keys].sort()));

  it('have the same names in every form of a sentence, and leave nothing empty', () => {
    for (const key of keys) {
      const all = [...forms(en[key]), ...forms(pl[key])];
      const wanted = namesIn(all[0] ?? '');
      for (const form of all) expect([key, namesIn(form), form.trim() === '']).toEqual([key, wanted, false]);
    }
  });
});

describe('sentences', () => {
  it('have their values', () => {
    expect(translate('en', 'told.install', { model: 'qwen3:0.6b', runtime: 'ollama' })).toBe(
      'qwen3:0.6b is installed on ollama.',
    );
  });

  it.each([
    [1, '1 model'],
    [2, '2 modele'],
    [5, '5 modeli'],
    [22, '22 modele'],
    [1000, '1000 modeli'],
  ])('about %d are in the right plural', (count, words) => {
    expect(translate('pl', 'rows.count', { count }).replace(/\s/g, ' ')).toBe(words);
  });
});

describe('the first language', () => {
  it.each([
    [null, ['pl-PL', 'en'], 'pl'],
    [null, ['en-GB', 'pl'], 'en'],
    [null, ['de', 'pl'], 'pl'],
    [null, ['de'], 'en'],
    ['en', ['pl'], 'en'],
    ['pl', ['en'], 'pl'],
  ] as const)('with %s remembered and %s wanted is %s', (remembered, wanted, language) => {
    expect(firstLanguage(remembered, wanted)).toBe(language);
  });
});
