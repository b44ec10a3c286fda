/** Which entries of a catalogue are shown, and in which order. */

import type { CatalogueEntry, Provider } from '../api/schema';

export const PROVIDER_NAMES: Readonly<Record<Provider, string>> = { ollama: 'Ollama', huggingface: 'Hugging Face' };

export const ORDERS = ['catalogue', 'downloads', 'likes', 'newest', 'smallest', 'name'] as const;
export type Order = (typeof ORDERS)[number];

export interface Filter {
  /** Empty for all. */
  readonly capability: string;
  /** In decimal GB; null for any. What has no known size is hidden by any limit. */
  readonly largestGb: number | null;
  readonly order: Order;
}

export const EVERYTHING: Filter = { capability: '', largestGb: null, order: 'catalogue' };

export function chosen(entries: readonly CatalogueEntry[], filter: Filter): readonly CatalogueEntry[] {
  const { capability, largestGb } = filter;
  const kept = entries.filter((entry) => {
    const can = capability === '' || entry.capabilities.includes(capability);
    return can && (largestGb === null || (entry.size_gb !== null && entry.size_gb <= largestGb));
  });
  const compare = COMPARISONS[filter.order];
  return compare ? kept.toSorted(compare) : kept;
}

type Compare = (one: CatalogueEntry, other: CatalogueEntry) => number;

const COMPARISONS: Readonly<Record<Order, Compare | null>> = {
  catalogue: null,
  downloads: descending((entry) => entry.downloads),
  likes: descending((entry) => entry.likes),
  newest: descending((entry) => (entry.updated_at === null ? null : Date.parse(entry.updated_at))),
  smallest: descending((entry) => (entry.size_gb === null ? null : -entry.size_gb)),
  name: (one, other) => one.display_name.localeCompare(other.display_name),
};

/** What is not known comes last, whichever the direction. */
function descending(value: (entry: CatalogueEntry) => number | null): Compare {
  return (one, other) => (value(other) ?? -Infinity) - (value(one) ?? -Infinity) || 0;
}

/** The licence that its owner names; null where none is told. */
export function licenseOf({ tags }: CatalogueEntry): string | null {
  return tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length) ?? null;
}

/** The capabilities that occur, for the filter. */
export function capabilitiesOf(entries: readonly CatalogueEntry[]): string[] {
  return [...new Set(entries.flatMap((entry) => entry.capabilities))].sort();
}

/** The name of one size of a model: `qwen3` in `8b` is `qwen3:8b`. */
export function withTag(name: string, tag: string): string {
  const bare = name.replace(/:[^:/]*$/, '');
  return tag === '' ? bare : `${bare}:${tag}`;
}

/** Whether two names mean one version; no tag means `latest`. */
export function isSameTag(one: string, other: string): boolean {
  return withTag(one, tagOf(one) || 'latest') === withTag(other, tagOf(other) || 'latest');
}

/** The tag of a name; empty where it has none. */
export function tagOf(name: string): string {
  return /:([^:/]*)$/.exec(name)?.[1] ?? '';
}
