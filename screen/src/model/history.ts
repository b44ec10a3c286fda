/** The operations that were begun, newest first, as one list: what the daemon tells at once, and the pages before that. */

import type { OperationInfo } from '../api/schema';

export function withEarlier(
  operations: readonly OperationInfo[],
  earlier: readonly OperationInfo[],
): readonly OperationInfo[] {
  const known = new Set(operations.map((one) => one.operation_id));
  const more = earlier.filter((one) => !known.has(one.operation_id));
  return [...operations, ...more].filter((one) => one.started_at !== null);
}
