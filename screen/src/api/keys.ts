/** Under which names the answers are kept. */

const STATUS = ['status'] as const;
const MODELS = ['models'] as const;
const RUNTIMES = ['runtimes'] as const;
const PLAN = ['plan'] as const;
const OPERATIONS = ['operations'] as const;
const HISTORY = ['history'] as const;

export const KEYS = {
  status: STATUS,
  models: MODELS,
  runtimes: RUNTIMES,
  plan: PLAN,
  operations: OPERATIONS,
  history: HISTORY,
  catalogue: ['catalogue'] as const,
  change: ['change'] as const,
  /** What is asked for anew whenever the status changed. */
  lists: [MODELS, RUNTIMES, PLAN, OPERATIONS, HISTORY],
} as const;
