/** The daemon's answers, as hooks. */

import type { UseQueryResult } from '@tanstack/react-query';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useApi } from './context';
import { KEYS } from './keys';
import type { WantedEdit } from './edits';
import { changePath } from './edits';
import type {
  CatalogueAnswer,
  CatalogueEntry,
  ChangeAnswer,
  HistoryAnswer,
  ModelsAnswer,
  OperationInfo,
  OperationsAnswer,
  PlanAnswer,
  Provider,
  RuntimesAnswer,
  StatusAnswer,
} from './schema';

/** How many operations the page asks for. */
export const OPERATIONS = 200;
/** A catalogue is refreshed by the daemon every few minutes at the most. */
const CATALOGUE_MS = 60_000;
/** A list that was never read is on its way when the daemon has just been started. */
const FIRST_LIST_MS = 5000;

function useAnswer<T>(key: readonly [string], path: string): UseQueryResult<T> {
  const api = useApi();
  return useQuery({ queryKey: key, queryFn: ({ signal }) => api.get<T>(path, signal) });
}

export const useStatus = () => useAnswer<StatusAnswer>(KEYS.status, '/api/v1/status');
export const useModels = () => useAnswer<ModelsAnswer>(KEYS.models, '/api/v1/models');
export const useRuntimes = () => useAnswer<RuntimesAnswer>(KEYS.runtimes, '/api/v1/runtimes');
export const usePlan = () => useAnswer<PlanAnswer>(KEYS.plan, '/api/v1/plan');
export const useOperations = () =>
  useAnswer<OperationsAnswer>(KEYS.operations, `/api/v1/models/operations?limit=${OPERATIONS}`);

/** What ended before the operations of the list, page by page; nothing is asked until it is `wanted`. */
export function useHistory(wanted: boolean) {
  const api = useApi();
  return useInfiniteQuery({
    queryKey: KEYS.history,
    queryFn: ({ pageParam, signal }) => api.get<HistoryAnswer>(historyPath(pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    select: ({ pages }): readonly OperationInfo[] => pages.flatMap((page) => page.operations),
    enabled: wanted,
  });
}

function historyPath(before: string | null): string {
  const query = new URLSearchParams({ limit: `${OPERATIONS}`, ...(before !== null && { before }) });
  return `/api/v1/history?${query}`;
}

export type Listing = 'trending' | 'available' | 'search';

/** What a catalogue offers; a search needs two letters. */
export function useCatalogue(listing: Listing, provider: Provider, words = ''): UseQueryResult<CatalogueAnswer> {
  const api = useApi();
  return useQuery({
    queryKey: [...KEYS.catalogue, listing, provider, words],
    queryFn: ({ signal }) => api.get<CatalogueAnswer>(cataloguePath(listing, provider, words), signal),
    enabled: listing !== 'search' || words.length >= 2,
    refetchInterval: ({ state }) => (state.data?.fetched_at === null ? FIRST_LIST_MS : CATALOGUE_MS),
    staleTime: CATALOGUE_MS / 2,
    // While another word is looked up, what the last one found stays.
    placeholderData: (previous, query) => (query?.queryKey[1] === listing ? previous : undefined),
  });
}

function cataloguePath(listing: Listing, provider: Provider, words: string): string {
  if (listing === 'search') {
    return `/api/v1/models/search?${new URLSearchParams({ query: words, provider, limit: '50' })}`;
  }
  const call = listing === 'available' ? 'providers' : 'trending';
  return `/api/v1/models/${call}?${new URLSearchParams({ provider, limit: '100' })}`;
}

/** The versions of a model that can be installed. */
export function useTags(
  entry: Pick<CatalogueEntry, 'model_name' | 'provider'> | null,
): UseQueryResult<CatalogueAnswer> {
  const api = useApi();
  const { model_name: name = '', provider = 'ollama' } = entry ?? {};
  return useQuery({
    queryKey: [...KEYS.catalogue, 'tags', provider, name],
    queryFn: ({ signal }) =>
      api.get<CatalogueAnswer>(`/api/v1/models/tags?${new URLSearchParams({ name, provider })}`, signal),
    enabled: entry !== null,
    staleTime: CATALOGUE_MS,
    retry: false,
  });
}

/** What an edit would write and mean, without writing it. It is asked for anew each time it is shown. */
export function useChange(edit: WantedEdit | null): UseQueryResult<ChangeAnswer> {
  const api = useApi();
  return useQuery({
    queryKey: [...KEYS.change, edit],
    queryFn: ({ signal }) => api.get<ChangeAnswer>(edit === null ? '' : changePath(edit), signal),
    enabled: edit !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    placeholderData: keepPreviousData,
  });
}
