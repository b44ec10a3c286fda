/** What one open page holds beside the daemon's answers: its connection, what was asked for, its messages, its clock. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useState } from 'react';
import type { Api } from '../api/client';
import { ApiError, createApi } from '../api/client';
import { ApiProvider } from '../api/context';
import type { EventInfo } from '../api/schema';
import type { Intent } from '../model/intents';
import { settled } from '../model/intents';
import type { Toast, ToastTone } from '../model/toasts';
import { shown } from '../model/toasts';
import { recall, remember } from './memory';
import type { Channel, Store } from './store';
import { createChannel, createStore, useStore } from './store';
import type { Connection } from './stream';
import { startLive } from './stream';

export interface Session {
  readonly connection: Store<Connection>;
  readonly intents: Store<readonly Intent[]>;
  readonly toasts: Store<readonly Toast[]>;
  /** By how many milliseconds the daemon's clock is ahead. */
  readonly skew: Store<number>;
  readonly token: Store<string | null>;
  /** What happened since the page was opened. */
  readonly events: Channel<EventInfo>;
  /** The models that this page did something about, by runtime and name; their success is told. */
  readonly asked: Set<string>;
  readonly toast: (tone: ToastTone, text: string, detail?: string | null) => void;
}

const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('There is no SessionProvider around this.');
  return session;
}

let lastId = 0;

/** A number that no other message or wish of this page has. */
export function nextId(): number {
  lastId += 1;
  return lastId;
}

function createSession(): Session {
  const toasts = createStore<readonly Toast[]>([]);
  return {
    connection: createStore<Connection>({ link: 'connecting', heard: null }),
    intents: createStore<readonly Intent[]>([]),
    toasts,
    skew: createStore(0),
    token: createStore(recall('token')),
    events: createChannel<EventInfo>(),
    asked: new Set(),
    toast: (tone, text, detail) => {
      const toast = { id: nextId(), tone, text, ...(detail ? { detail } : {}) };
      toasts.set((now) => shown(now, toast));
    },
  };
}

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The stream says when something is old, so nothing is asked for anew without it.
        staleTime: Infinity,
        gcTime: 300_000,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        retry: (failures, error) => failures < 2 && !(error instanceof ApiError),
      },
      mutations: { networkMode: 'always' },
    },
  });
}

export interface SessionProviderProps {
  readonly children: ReactNode;
  /** Where the daemon is; empty for the origin of the page. */
  readonly base?: string;
}

interface Parts {
  readonly session: Session;
  readonly queries: QueryClient;
  readonly api: Api;
}

function createParts(base: string): Parts {
  const session = createSession();
  const api = createApi({
    base,
    token: session.token.get,
    onSkew: (milliseconds) => session.skew.set(() => milliseconds),
  });
  return { session, api, queries: createQueries() };
}

export function SessionProvider({ children, base = '' }: SessionProviderProps) {
  const [{ session, queries, api }] = useState(() => createParts(base));
  const token = useStore(session.token);

  useEffect(() => remember('token', token), [token]);

  useEffect(
    () =>
      startLive({
        api,
        queries,
        connection: session.connection,
        onEvent: session.events.send,
        onRefreshed: (revision) => session.intents.set((now) => settled(now, revision, Date.now())),
      }),
    [api, queries, session, token],
  );

  return (
    <Context value={session}>
      <ApiProvider value={api}>
        <QueryClientProvider client={queries}>{children}</QueryClientProvider>
      </ApiProvider>
    </Context>
  );
}
