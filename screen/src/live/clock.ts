/** The daemon's time, for telling how long ago something was. One timer serves the whole page. */

import { useSyncExternalStore } from 'react';
import { useSession } from './session';
import { useStore } from './store';

const TICK_MS = 1000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** Milliseconds since the epoch by the daemon's clock. `step` is how fine it needs to be, in milliseconds. */
export function useNow(step = TICK_MS): number {
  const { skew } = useSession();
  const ahead = useStore(skew);
  const here = useSyncExternalStore(subscribe, () => Math.floor(now / step) * step);
  return (step === TICK_MS ? now : here) + ahead;
}
