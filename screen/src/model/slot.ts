/** The active slot of a runtime: which model serves, and what is happening where another one shall. */

import type { LoadedInfo, OperationInfo, RuntimeInfo, RuntimePlan } from '../api/schema';
import type { Intent } from './intents';
import { sameModel } from './intents';

export type SlotState = 'none' | 'serving' | 'switching' | 'waiting' | 'failed' | 'unknown';

export interface Slot {
  readonly state: SlotState;
  /** The model that the file makes active, or that was just asked for. */
  readonly model: string | null;
  /** The model that serves until then, or came back after a failure. */
  readonly from: string | null;
  readonly operation: OperationInfo | null;
  readonly loaded: LoadedInfo | null;
  readonly since: string | null;
  /** Why it does not serve, in the daemon's words. */
  readonly message: string | null;
}

export interface SlotSources {
  readonly runtime: RuntimeInfo;
  readonly plan: RuntimePlan | undefined;
  readonly operations: readonly OperationInfo[];
  readonly intents: readonly Intent[];
}

export function slotOf({ runtime, plan, operations, intents }: SlotSources): Slot {
  const model = wantedIn(runtime, intents);
  const loaded = model === null ? null : loadedAs(runtime, model);
  const activations = operations.filter(
    (one) => one.runtime === runtime.name && one.operation_type === 'activate' && isModel(one.model_name, model),
  );
  const operation = activations.find((one) => one.status === 'in_progress') ?? null;
  const step = plan?.steps.find((one) => one.operation === 'activate' && isModel(one.model, model)) ?? null;
  const stalled = step?.block?.kind === 'stalled' || step?.block?.kind === 'backoff';
  const state = stateOf({ runtime, model, busy: operation !== null, loaded: loaded !== null, failed: stalled });
  const last = runtime.active.last_active;
  return {
    state,
    model,
    from: last !== null && !isModel(last, model) && loadedAs(runtime, last) ? last : null,
    operation,
    loaded,
    since: activations.find((one) => one.status === 'completed')?.completed_at ?? null,
    message: state === 'failed' ? (step?.block?.message ?? null) : (step?.reason ?? null),
  };
}

function wantedIn(runtime: RuntimeInfo, intents: readonly Intent[]): string | null {
  const here = intents.filter((intent) => intent.runtime === runtime.name);
  const asked = here.findLast((intent) => intent.action === 'activate')?.name;
  if (asked !== undefined) return asked;
  const { model } = runtime.active;
  const going = here.some((intent) => intent.action === 'remove' && isModel(intent.name, model));
  return going ? null : model;
}

interface Facts {
  readonly runtime: RuntimeInfo;
  readonly model: string | null;
  readonly busy: boolean;
  readonly loaded: boolean;
  readonly failed: boolean;
}

function stateOf({ runtime, model, busy, loaded, failed }: Facts): SlotState {
  if (model === null) return 'none';
  if (runtime.reachable !== true) return 'unknown';
  if (busy) return 'switching';
  if (loaded) return 'serving';
  return failed ? 'failed' : 'waiting';
}

/** What is in memory under the name of a model. */
export function loadedAs(runtime: RuntimeInfo, model: string): LoadedInfo | null {
  return runtime.loaded.find((one) => one.serves.some((name) => sameModel(name, model))) ?? null;
}

function isModel(name: string, model: string | null): boolean {
  return model !== null && sameModel(name, model);
}
