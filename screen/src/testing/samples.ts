/** Answers of the daemon for tests of the pure parts; each test says only what matters to it. */

import type {
  ModelInfo,
  ModelsAnswer,
  OperationInfo,
  PlanAnswer,
  RuntimeInfo,
  RuntimePlan,
  StatusAnswer,
  StepInfo,
} from '../api/schema';

const COUNTS = {
  declared: 1,
  installed: 1,
  loaded: 0,
  unmanaged: 0,
  drift: 0,
  in_progress: 0,
  pending: 0,
  waiting: 0,
} as const;

const REACHED = {
  name: 'ollama',
  kind: 'ollama',
  reachable: true,
  error: null,
  reason: null,
  unknown_since: null,
  observed_at: '2026-03-01T12:00:00.000Z',
  age_seconds: 1,
} as const;

export function model(more: Partial<ModelInfo> = {}): ModelInfo {
  return {
    name: 'qwen3:0.6b',
    provider: 'ollama',
    runtime: 'ollama',
    size_gb: 0.52,
    active: false,
    size_bytes: 523_000_000,
    digest: 'sha256:abcdef0123456789',
    role: 'model',
    state: 'installed',
    message: null,
    drift: null,
    loaded: false,
    pinned: false,
    declared: true,
    managed: true,
    keep: false,
    operation_id: null,
    capabilities: ['completion'],
    family: 'qwen3',
    parameter_size: '751M',
    quantization: 'Q4_K_M',
    modified_at: '2026-02-28T12:00:00.000Z',
    stale: false,
    ...more,
  };
}

export function models(installed: readonly ModelInfo[], missing: readonly ModelInfo[] = []): ModelsAnswer {
  return {
    success: true,
    count: installed.length,
    models: installed,
    providers: {},
    missing,
    active: { provider: null, model: null, runtime: null, status: 'offline' },
    stale: false,
    error: null,
    fetched_at: null,
  };
}

export function operation(more: Partial<OperationInfo> = {}): OperationInfo {
  return {
    operation_id: 'aaaa-1',
    model_name: 'qwen3:0.6b',
    operation_type: 'install',
    status: 'in_progress',
    progress: 40,
    message: '',
    started_at: '2026-03-01T11:59:00.000Z',
    completed_at: null,
    error: null,
    runtime: 'ollama',
    reason: 'Progressing',
    phase: 'downloading',
    attempt: 1,
    retry_at: null,
    bytes_completed: 40,
    bytes_total: 100,
    bytes_per_second: 10,
    seconds_left: 6,
    revision: 'sha256:1111111',
    author: null,
    generation: 1,
    ...more,
  };
}

export function step(more: Partial<StepInfo> = {}): StepInfo {
  return {
    key: 'aaaa',
    operation: 'install',
    model: 'qwen3:0.6b',
    provider: 'ollama',
    reason: 'declared, not installed',
    size_bytes: 100,
    size_gb: 0,
    after: [],
    block: null,
    ...more,
  };
}

export function blocked(kind: 'stalled' | 'backoff' | 'unsafe', message: string): StepInfo['block'] {
  return { kind, reason: 'Stalled', message, until: null, attempts: 1 };
}

export function plan(steps: readonly StepInfo[], more: Partial<RuntimePlan> = {}): RuntimePlan {
  return {
    ...REACHED,
    digest: 'sha256:2222222',
    drift: [],
    steps,
    unsafe: null,
    install_bytes: 0,
    install_gb: 0,
    freed_bytes: 0,
    freed_gb: 0,
    ...more,
  };
}

export function plans(...runtimes: readonly RuntimePlan[]): PlanAnswer {
  return { revision: 'sha256:1111111', empty: false, runtimes };
}

export function runtime(more: Partial<RuntimeInfo> = {}): RuntimeInfo {
  return {
    ...REACHED,
    url: 'http://127.0.0.1:11434',
    prune: 'managed',
    suspended: false,
    runtime_version: '0.33.0',
    active: { model: null, alias: null, loaded: null, last_active: null },
    loaded: [],
    models_bytes: 0,
    models_gb: 0,
    disk: null,
    observed_generation: 1,
    applied_revision: null,
    cycles: 1,
    cycle_seconds: 0.01,
    conditions: [],
    counts: COUNTS,
    ...more,
  };
}

export function loaded(...serves: readonly string[]): RuntimeInfo['loaded'][number] {
  return {
    name: serves[0] ?? '',
    digest: 'sha256:abcdef0123456789',
    serves,
    pinned: true,
    memory_bytes: 529_000_000,
    vram_bytes: null,
    expires_at: null,
    context_length: 4096,
  };
}

type RuntimeStatus = StatusAnswer['runtimes'][number];

export function runtimeStatus(more: Partial<RuntimeStatus> = {}): RuntimeStatus {
  return {
    ...REACHED,
    suspended: false,
    observed_generation: 1,
    applied_revision: null,
    unsafe_digest: null,
    conditions: [],
    counts: COUNTS,
    ...more,
  };
}

export function status(more: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    host: 'lab',
    version: '0.1.0',
    summary: 'In sync',
    started_at: '2026-03-01T10:00:00.000Z',
    made_at: '2026-03-01T12:00:00.000Z',
    suspended: false,
    generation: 1,
    observed_generation: 1,
    file: {
      path: '/etc/venom-modeld/models.yaml',
      valid: true,
      revision: 'sha256:1111111',
      accepted_at: '2026-03-01T11:00:00.000Z',
      attempted_revision: 'sha256:1111111',
      applied_revision: null,
      problems: [],
      problems_since: null,
      author: null,
      source: null,
    },
    conditions: [],
    counts: COUNTS,
    runtimes: [runtimeStatus()],
    ...more,
  };
}
