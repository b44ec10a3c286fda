/** The rows of a runtime: what is there, what must be there, and what was just asked for, each in one place for good. */

import type {
  ModelInfo,
  ModelsAnswer,
  ModelState,
  OperationInfo,
  Provider,
  RuntimePlan,
  StepInfo,
} from '../api/schema';
import type { Intent } from './intents';
import { intentFor, sameModel } from './intents';

/** A state of the API, or `asked`: the file was changed a moment ago. */
export type RowState = ModelState | 'asked';

export interface Row {
  readonly key: string;
  readonly runtime: string;
  readonly name: string;
  readonly provider: Provider | null;
  readonly state: RowState;
  readonly sizeBytes: number | null;
  readonly digest: string | null;
  readonly since: string | null;
  /** The daemon's sentence about it. */
  readonly message: string | null;
  readonly active: boolean;
  readonly declared: boolean;
  readonly managed: boolean;
  readonly keep: boolean;
  readonly installed: boolean;
  readonly stale: boolean;
  readonly capabilities: readonly string[];
  /** Architecture, parameters and quantization, as far as they are known. */
  readonly facts: readonly string[];
  readonly operation: OperationInfo | null;
  readonly step: StepInfo | null;
  readonly intent: Intent | null;
}

export interface RowSources {
  readonly runtime: string;
  readonly models: ModelsAnswer | undefined;
  readonly operations: readonly OperationInfo[];
  readonly plan: RuntimePlan | undefined;
  readonly intents: readonly Intent[];
}

/** The rows by name. A row keeps its place whatever happens to its model. */
export function rowsOf({ runtime, models, operations, plan, intents }: RowSources): Row[] {
  const here = operations.filter((operation) => operation.runtime === runtime);
  const known = [...(models?.models ?? []), ...(models?.missing ?? [])].filter(
    (model) => model.runtime === runtime && model.role === 'model',
  );
  const installed = new Set(models?.models);
  const rows = known.map((model) => rowOf(model, installed.has(model), { operations: here, plan, intents }));
  const wanted = intents.filter((intent) => isNew(intent, runtime, known)).map((intent) => newRow(intent));
  return [...rows, ...wanted].sort(byName);
}

type Beside = Pick<RowSources, 'operations' | 'plan' | 'intents'>;

function rowOf(model: ModelInfo, installed: boolean, { operations, plan, intents }: Beside): Row {
  const intent = intentFor(intents, model.runtime, model.name);
  const operation = operations.find((one) => one.operation_id === model.operation_id) ?? null;
  return {
    key: keyOf(model.runtime, model.name),
    runtime: model.runtime,
    name: model.name,
    provider: model.provider,
    state: stateWith(intent, model.state),
    sizeBytes: model.size_bytes,
    digest: model.digest,
    since: model.modified_at ?? operation?.started_at ?? null,
    message: model.message,
    active: model.active,
    declared: model.declared,
    managed: model.managed,
    keep: model.keep,
    installed,
    stale: model.stale,
    capabilities: model.capabilities,
    facts: [model.family, model.parameter_size, model.quantization].filter((fact) => fact !== null),
    operation,
    step: plan?.steps.find((step) => sameModel(step.model, model.name)) ?? null,
    intent,
  };
}

/** Being asked to go or to come shows as that; the rest leaves the model what it is. */
function stateWith(intent: Intent | null, state: ModelState): RowState {
  if (intent?.action === 'remove') return 'removing';
  return intent?.action === 'adopt' || intent?.action === 'update' ? 'asked' : state;
}

function isNew(intent: Intent, runtime: string, known: readonly ModelInfo[]): boolean {
  const installs = intent.action === 'install' && intent.runtime === runtime;
  return installs && !known.some((model) => sameModel(model.name, intent.name));
}

function newRow(intent: Intent): Row {
  return {
    key: keyOf(intent.runtime, intent.name),
    runtime: intent.runtime,
    name: intent.name,
    provider: null,
    state: 'asked',
    sizeBytes: null,
    digest: null,
    since: null,
    message: null,
    active: false,
    declared: true,
    managed: true,
    keep: false,
    installed: false,
    stale: false,
    capabilities: [],
    facts: [],
    operation: null,
    step: null,
    intent,
  };
}

export function keyOf(runtime: string, name: string): string {
  return `${runtime} ${name.toLowerCase()}`;
}

function byName(one: Row, other: Row): number {
  const [left, right] = [one.name.toLowerCase(), other.name.toLowerCase()];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The rows whose name or state has all of the words. */
export function matching(rows: readonly Row[], words: string, stateWord: (state: RowState) => string): readonly Row[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return rows;
  return rows.filter((row) => {
    const text = `${row.name} ${stateWord(row.state)} ${row.facts.join(' ')}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
