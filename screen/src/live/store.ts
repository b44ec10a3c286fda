/** A value that lives outside of the components, and a hook that reads it. */

import { useSyncExternalStore } from 'react';

export interface Store<T> {
  readonly get: () => T;
  readonly set: (change: (now: T) => T) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function createStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (change) => {
      const next = change(value);
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

/** Passes things on to whoever listens, and keeps none. */
export interface Channel<T> {
  readonly send: (thing: T) => void;
  readonly subscribe: (listener: (thing: T) => void) => () => void;
}

export function createChannel<T>(): Channel<T> {
  const listeners = new Set<(thing: T) => void>();
  return {
    send: (thing) => {
      for (const listener of listeners) listener(thing);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
