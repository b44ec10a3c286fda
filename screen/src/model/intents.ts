/**
 * What a person asked for and the daemon has not shown yet.
 *
 * A click changes only the file; the daemon reads it a moment later. Until then the page shows what was asked for. It
 * goes back to what the daemon says as soon as the daemon has read the file anew, be it this change or somebody else's.
 */

import type { Action } from '../api/schema';

export interface Intent {
  readonly id: number;
  readonly action: Action;
  readonly runtime: string;
  readonly name: string;
  /** The revision of the file that the daemon had read when this was asked for. */
  readonly base: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** After this the daemon is believed, whatever it did with the change. */
export const PATIENCE_MS = 15_000;

export function added(intents: readonly Intent[], intent: Intent): readonly Intent[] {
  return [...intents, intent];
}

export function withdrawn(intents: readonly Intent[], id: number): readonly Intent[] {
  return intents.filter((intent) => intent.id !== id);
}

/** What still stands once everything was asked for anew under the revision `read`. */
export function settled(intents: readonly Intent[], read: string | null, now: number): readonly Intent[] {
  const left = intents.filter((intent) => intent.base === read && now - intent.at < PATIENCE_MS);
  return left.length === intents.length ? intents : left;
}

export function sameModel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The last thing that was asked for a model. */
export function intentFor(intents: readonly Intent[], runtime: string, name: string): Intent | null {
  return intents.findLast((intent) => intent.runtime === runtime && sameModel(intent.name, name)) ?? null;
}
