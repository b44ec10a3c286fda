/** What can be done with a model now, and for the rest why not. */

import type { Action, Prune } from '../api/schema';
import type { Key } from '../i18n/translate';
import type { Row } from './rows';

export type Reason = Extract<Key, `why.${string}`>;
export type ModelAction = Exclude<Action, 'install' | 'suspend' | 'resume'>;

export interface Possibility {
  readonly action: ModelAction;
  /** Why it cannot be done; null where it can. */
  readonly why: Reason | null;
}

/** The actions that make sense for a model; those that a row shows by itself come first. */
export function possibilities(row: Row, prune: Prune): Possibility[] {
  if (!row.declared) return undeclared(row, prune);
  return [
    { action: 'activate', why: whyNotActivate(row) },
    { action: 'remove', why: row.state === 'removing' ? 'why.removing' : null },
    { action: 'update', why: whyNotUpdate(row) },
    row.keep ? { action: 'unkeep', why: null } : { action: 'keep', why: null },
  ];
}

function undeclared(row: Row, prune: Prune): Possibility[] {
  const going = row.state === 'removing';
  return [
    { action: 'adopt', why: row.intent ? 'why.asked' : null },
    { action: 'activate', why: whyNotActivate(row) },
    { action: 'remove', why: going ? 'why.removing' : prune === 'all' ? 'why.will_be_removed' : 'why.not_in_file' },
  ];
}

function whyNotActivate(row: Row): Reason | null {
  if (row.intent?.action === 'activate') return 'why.asked';
  if (row.active) return 'why.active';
  if (row.state === 'removing') return 'why.removing';
  const answers = row.capabilities.length === 0 || row.capabilities.includes('completion');
  return answers ? null : 'why.no_completion';
}

function whyNotUpdate(row: Row): Reason | null {
  if (row.state === 'asked') return 'why.asked';
  return row.state === 'updating' || row.state === 'downloading' ? 'why.busy' : null;
}
