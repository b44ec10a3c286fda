/** The calls that edit models.yaml. Each is also a question: what would be written, and what would follow. */

import type { Api } from './client';
import type { Action, EditAnswer, Provider } from './schema';

export interface WantedEdit {
  readonly action: Action;
  /** A runtime of the file; null for all of them. */
  readonly runtime: string | null;
  /** The model; empty where the action is about none. */
  readonly name: string;
  readonly provider?: Provider;
  /** For an installation: make it the active model too. */
  readonly active?: boolean;
  /** For a repository: the branch, tag or commit. */
  readonly revision?: string;
  /** For an update: whether the model follows its tag or branch. */
  readonly update?: 'always' | 'never';
}

/** Where to ask what an edit would write. */
export function changePath({ action, runtime, name, provider, active, revision, update }: WantedEdit): string {
  const query = new URLSearchParams({ action });
  if (runtime !== null) query.set('runtime', runtime);
  if (name !== '') query.set('name', name);
  if (provider) query.set('provider', provider);
  if (active) query.set('active', 'true');
  if (update) query.set('update', update);
  if (revision) query.set('revision', revision);
  return `/api/v1/desired/change?${query}`;
}

/** Makes an edit, of the file as it was at `ifMatch`. */
export function sendEdit(api: Api, edit: WantedEdit, ifMatch: string | null): Promise<EditAnswer> {
  const { action, name, runtime } = edit;
  if (action === 'remove') {
    const query = runtime === null ? '' : `?${new URLSearchParams({ runtime })}`;
    return api.send('DELETE', `/api/v1/models/registry/${encodeURIComponent(name)}${query}`, { ifMatch });
  }
  return api.send('POST', PATHS[action], { body: bodyOf(edit), ifMatch });
}

const PATHS: Readonly<Record<Exclude<Action, 'remove'>, string>> = {
  install: '/api/v1/models/registry/install',
  activate: '/api/v1/models/activate',
  keep: '/api/v1/models/keep',
  unkeep: '/api/v1/models/unkeep',
  update: '/api/v1/models/update',
  adopt: '/api/v1/models/adopt',
  suspend: '/api/v1/desired/suspend',
  resume: '/api/v1/desired/resume',
};

function bodyOf({ action, name, runtime, provider, active, revision, update }: WantedEdit): Record<string, unknown> {
  if (action === 'suspend' || action === 'resume') return { runtime };
  if (action === 'update') return { name, runtime, update: update ?? 'always' };
  if (action !== 'install') return { name, runtime };
  return { name, runtime, ...(provider && { provider }), ...(active && { active }), ...(revision && { revision }) };
}
