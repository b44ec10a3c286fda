/** What needs a person, one item each, the worst first. */

import type { CatalogueAnswer, OperationInfo, PlanAnswer, StatusAnswer, StepInfo, UnsafeInfo } from '../api/schema';

export type Attention =
  | { readonly kind: 'file'; readonly key: string; readonly problems: readonly string[]; readonly since: string | null }
  | { readonly kind: 'source'; readonly key: string; readonly error: string; readonly since: string }
  | { readonly kind: 'unsafe'; readonly key: string; readonly runtime: string; readonly unsafe: UnsafeInfo }
  | {
      readonly kind: 'unknown';
      readonly key: string;
      readonly runtime: string;
      readonly since: string | null;
      readonly error: string | null;
    }
  | {
      readonly kind: 'stalled';
      readonly key: string;
      readonly runtime: string;
      readonly step: StepInfo;
      readonly operationId: string;
    }
  | { readonly kind: 'suspended'; readonly key: string; readonly runtime: string | null }
  | { readonly kind: 'stale'; readonly key: string; readonly answer: CatalogueAnswer };

export interface AttentionSources {
  readonly status: StatusAnswer | undefined;
  readonly plan: PlanAnswer | undefined;
  readonly operations: readonly OperationInfo[];
  /** The lists of what is trending. */
  readonly lists: readonly (CatalogueAnswer | undefined)[];
}

export function attentionOf({ status, plan, operations, lists }: AttentionSources): Attention[] {
  return [
    ...fileItems(status),
    ...sourceItems(status),
    ...runtimeItems(status),
    ...planItems(plan, operations),
    ...suspensions(status),
    ...staleItems(lists),
  ];
}

/** Lists that are older than they should be. A catalogue that was never read has nothing to show instead; its column says so. */
function staleItems(lists: readonly (CatalogueAnswer | undefined)[]): Attention[] {
  return lists
    .filter((list) => list !== undefined)
    .filter((list) => list.stale && list.fetched_at !== null && list.error !== null)
    .map((answer) => ({ kind: 'stale', key: `stale ${answer.provider}`, answer }));
}

function fileItems(status: StatusAnswer | undefined): Attention[] {
  if (!status || status.file.problems.length === 0) return [];
  return [{ kind: 'file', key: 'file', problems: status.file.problems, since: status.file.problems_since }];
}

/** The repository of the file, where it cannot be fetched; the file that was fetched last is in force. */
function sourceItems(status: StatusAnswer | undefined): Attention[] {
  const { error = null, failing_since: since = null } = status?.file.source ?? {};
  return error === null || since === null ? [] : [{ kind: 'source', key: 'source', error, since }];
}

function runtimeItems(status: StatusAnswer | undefined): Attention[] {
  const lost = (status?.runtimes ?? []).filter((runtime) => runtime.reachable === false);
  return lost.map((runtime) => ({
    kind: 'unknown',
    key: `unknown ${runtime.name}`,
    runtime: runtime.name,
    since: runtime.unknown_since,
    error: runtime.error,
  }));
}

function planItems(plan: PlanAnswer | undefined, operations: readonly OperationInfo[]): Attention[] {
  return (plan?.runtimes ?? []).flatMap((runtime): Attention[] => {
    const { name, unsafe } = runtime;
    const stalled = runtime.steps.filter((step) => step.block?.kind === 'stalled');
    const items = stalled.map((step): Attention => {
      const operationId = operationOf(step, operations);
      return { kind: 'stalled', key: `stalled ${name} ${step.key}`, runtime: name, step, operationId };
    });
    return unsafe ? [{ kind: 'unsafe', key: `unsafe ${name}`, runtime: name, unsafe }, ...items] : items;
  });
}

function suspensions(status: StatusAnswer | undefined): Attention[] {
  if (status?.suspended) return [{ kind: 'suspended', key: 'suspended', runtime: null }];
  const held = (status?.runtimes ?? []).filter((runtime) => runtime.suspended);
  return held.map((runtime) => ({ kind: 'suspended', key: `suspended ${runtime.name}`, runtime: runtime.name }));
}

/** The operation of a step; what a retry names. Operations are called by the key of their step and a time. */
export function operationOf(step: StepInfo, operations: readonly OperationInfo[]): string {
  return operations.find((one) => one.operation_id.startsWith(`${step.key}-`))?.operation_id ?? step.key;
}
