/**
 * Keeps what is on the page as new as the daemon's own snapshot.
 *
 * The event stream tells the status and the operations themselves; everything else is asked for anew when the status
 * says that it changed, which the daemon answers from memory, often with 304. While there is no stream the page asks
 * every few seconds. It is read with `fetch`, because an EventSource cannot send a token.
 */

import type { QueryClient } from '@tanstack/react-query';
import type { Api } from '../api/client';
import { ApiError } from '../api/client';
import { KEYS } from '../api/keys';
import type { EventInfo, OperationInfo, OperationsAnswer, StatusAnswer } from '../api/schema';
import type { StreamItem } from './parser';
import { createParser } from './parser';
import type { Store } from './store';

/** `live`: told at once. `polling`: asked every few seconds. `offline`: the daemon does not answer. */
export type Link = 'connecting' | 'live' | 'polling' | 'offline';

export interface Connection {
  readonly link: Link;
  /** Milliseconds since the epoch: when the daemon was last heard. */
  readonly heard: number | null;
}

const POLL_MS = 3000;
const STATUS_PATH = '/api/v1/status';
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
/** The daemon breaks its silence every 15 seconds; after three of those it is gone. */
const SILENCE_MS = 45_000;
const REFRESH_PACE_MS = 400;

export interface LiveOptions {
  readonly api: Api;
  readonly queries: QueryClient;
  readonly connection: Store<Connection>;
  /** Told of what happened since the page was opened, never of what happened before. */
  readonly onEvent: (event: EventInfo) => void;
  /** Told of the revision of the file under which everything was asked for anew. */
  readonly onRefreshed: (revision: string | null) => void;
}

/** Starts; the function that it returns ends it. */
export function startLive(options: LiveOptions): () => void {
  const end = new AbortController();
  const refresh = createRefresher(options, end.signal);
  void follow(options, refresh, end.signal);
  void poll(options, refresh, end.signal);
  return () => end.abort();
}

interface Position {
  id: string | null;
  /** Whether the first snapshot was told: what comes before it is no news. */
  begun: boolean;
}

async function follow(options: LiveOptions, refresh: () => void, signal: AbortSignal): Promise<void> {
  const position: Position = { id: null, begun: false };
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const failure = await readOnce(options, position, refresh, signal).catch(asError);
    if (isAborted(signal)) return;
    if (failure) setLink(options, await linkWithout(options.api, failure, signal));
    else wait = FIRST_WAIT_MS;
    if (isAborted(signal)) return;
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** Asks every few seconds while there is no stream that would tell. */
async function poll({ connection, queries }: LiveOptions, refresh: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(POLL_MS, signal);
    const { link } = connection.get();
    if (isAborted(signal) || link === 'live' || link === 'offline') continue;
    await queries.refetchQueries({ queryKey: KEYS.status });
    connection.set((now) => (now.link === link ? { link, heard: Date.now() } : now));
    refresh();
  }
}

/** Without a stream the daemon may answer all the same: it has too many readers, or a proxy lets no stream through. */
async function linkWithout(api: Api, failure: Error, signal: AbortSignal): Promise<Link> {
  if (failure instanceof ApiError) return 'polling';
  const asked = await api.get(STATUS_PATH, signal).catch(asError);
  return asked instanceof Error && !(asked instanceof ApiError) ? 'offline' : 'polling';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function readOnce(
  options: LiveOptions,
  position: Position,
  refresh: () => void,
  signal: AbortSignal,
): Promise<undefined> {
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    const response = await options.api.open('/api/v1/events', position.id, both);
    const parse = createParser();
    const text = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await text?.read(); piece && !piece.done; piece = await text?.read()) {
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), SILENCE_MS);
      setLink(options, 'live');
      for (const item of parse(piece.value)) take(item, options, position, refresh);
    }
  } finally {
    clearTimeout(alarm);
  }
}

function setLink({ connection }: LiveOptions, link: Link): void {
  const heard = link === 'offline' ? connection.get().heard : Date.now();
  connection.set((now) => (now.link === link && link !== 'live' ? now : { link, heard }));
}

function take(item: StreamItem, options: LiveOptions, position: Position, refresh: () => void): void {
  const data: unknown = JSON.parse(item.data);
  if (item.event === 'event') {
    if (position.begun) options.onEvent(data as EventInfo);
  } else if (item.event === 'operation') {
    takeOperation(data as OperationInfo, options.queries, refresh);
  } else if (item.event === 'snapshot') {
    takeStatus(data as StatusAnswer, options.queries, refresh, !position.begun);
    position.begun = true;
  }
  if (item.id !== null) position.id = item.id;
}

function takeStatus(status: StatusAnswer, queries: QueryClient, refresh: () => void, first: boolean): void {
  const before = queries.getQueryData<StatusAnswer>(KEYS.status);
  queries.setQueryData(KEYS.status, status);
  if (first || !before || gist(before) !== gist(status)) refresh();
}

/** A status without what changes by itself. */
export function gist(status: StatusAnswer): string {
  return JSON.stringify(status, (key, value: unknown) => (PASSING.has(key) ? undefined : value));
}

const PASSING = new Set(['made_at', 'age_seconds']);

function takeOperation(operation: OperationInfo, queries: QueryClient, refresh: () => void): void {
  const before = queries.getQueryData<OperationsAnswer>(KEYS.operations);
  if (!before) return;
  const after = withOperation(before, operation);
  queries.setQueryData(KEYS.operations, after.answer);
  if (after.turned) refresh();
}

/** The list with an operation as it is now; `turned` where it is new or in another state, so that others changed too. */
export function withOperation(
  answer: OperationsAnswer,
  operation: OperationInfo,
): { readonly answer: OperationsAnswer; readonly turned: boolean } {
  const known = answer.operations.find((one) => one.operation_id === operation.operation_id);
  if (!known) {
    return { answer: { ...answer, operations: [operation, ...answer.operations] }, turned: true };
  }
  const operations = answer.operations.map((one) => (one === known ? operation : one));
  return { answer: { ...answer, operations }, turned: known.status !== operation.status };
}

/** Returns a function that has the lists asked for anew, soon and once, however often it is called. */
function createRefresher({ queries, onRefreshed }: LiveOptions, signal: AbortSignal): () => void {
  let due = false;
  let busy = false;

  async function run(): Promise<void> {
    busy = true;
    while (due && !signal.aborted) {
      due = false;
      const revision = queries.getQueryData<StatusAnswer>(KEYS.status)?.file.attempted_revision ?? null;
      const before = queries.getQueryData(KEYS.models);
      await Promise.all(KEYS.lists.map((queryKey) => queries.refetchQueries({ queryKey })));
      if (queries.getQueryData(KEYS.models) !== before) refreshBadges(queries);
      onRefreshed(revision);
      await pause(REFRESH_PACE_MS, signal);
    }
    busy = false;
  }

  return () => {
    due = true;
    if (!busy) void run();
  };
}

/** What is installed and declared stands on the cards too, and the daemon answers with them from memory. */
function refreshBadges(queries: QueryClient): void {
  void queries.refetchQueries({ queryKey: KEYS.catalogue, type: 'active' });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }

    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
