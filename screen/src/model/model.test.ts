import { describe, expect, it } from 'vitest';
import type { CatalogueAnswer, CatalogueEntry } from '../api/schema';
import {
  blocked,
  loaded,
  model,
  models,
  operation,
  plan,
  plans,
  runtime,
  runtimeStatus,
  status,
  step,
} from '../testing/samples';
import { possibilities } from './actions';
import type { AttentionSources } from './attention';
import { attentionOf, operationOf } from './attention';
import { capabilitiesOf, chosen, EVERYTHING, isSameTag, licenseOf, tagOf, withTag } from './catalogue';
import { withEarlier } from './history';
import type { Intent } from './intents';
import { added, intentFor, PATIENCE_MS, settled, withdrawn } from './intents';
import type { Row, RowSources } from './rows';
import { matching, rowsOf } from './rows';
import { slotOf } from './slot';
import { summaryOf } from './summary';
import type { Toast } from './toasts';
import { closed, MOST, shown } from './toasts';

function wish(more: Partial<Intent> = {}): Intent {
  return { id: 1, action: 'install', runtime: 'ollama', name: 'qwen3:0.6b', base: 'sha256:1', at: 0, ...more };
}

function rows(more: Partial<RowSources> = {}): Row[] {
  return rowsOf({ runtime: 'ollama', models: models([]), operations: [], plan: undefined, intents: [], ...more });
}

function onlyRow(more: Partial<RowSources>): Row {
  const [row] = rows(more);
  if (!row) throw new Error('There is no row.');
  return row;
}

describe('what was asked for', () => {
  it('stands until the daemon read the file anew', () => {
    const intents = [wish()];
    expect(settled(intents, 'sha256:1', 0)).toBe(intents);
    expect(settled(intents, 'sha256:2', 0)).toEqual([]);
  });

  it('stands no longer than patience', () => {
    expect(settled([wish()], 'sha256:1', PATIENCE_MS)).toEqual([]);
  });

  it('is taken back by its id', () => {
    const intents = added([wish()], wish({ id: 2 }));
    expect(withdrawn(intents, 1)).toEqual([wish({ id: 2 })]);
  });

  it('is the last thing for a model, however its name is written', () => {
    const intents = [wish(), wish({ id: 2, action: 'remove' }), wish({ id: 3, name: 'other' })];
    expect(intentFor(intents, 'ollama', 'QWEN3:0.6B')?.id).toBe(2);
    expect(intentFor(intents, 'elsewhere', 'qwen3:0.6b')).toBeNull();
  });
});

describe('rows', () => {
  it('stand by name, the missing among the installed, and keep to their runtime', () => {
    const installed = [model({ name: 'b' }), model({ name: 'D' }), model({ name: 'x', runtime: 'other' })];
    const missing = [model({ name: 'c', state: 'missing' })];
    expect(rows({ models: models(installed, missing), intents: [wish({ name: 'a' })] }).map((row) => row.name)).toEqual(
      ['a', 'b', 'c', 'D'],
    );
  });

  it('leave out the names of the daemon', () => {
    expect(rows({ models: models([model({ role: 'alias' }), model({ role: 'hold' })]) })).toEqual([]);
  });

  it('show at once what was asked for, once', () => {
    expect(onlyRow({ intents: [wish()] }).state).toBe('asked');
    expect(rows({ models: models([model()]), intents: [wish()] })).toHaveLength(1);
    expect(onlyRow({ models: models([model()]), intents: [wish({ action: 'remove' })] }).state).toBe('removing');
    expect(onlyRow({ models: models([model()]), intents: [wish({ action: 'adopt' })] }).state).toBe('asked');
    expect(onlyRow({ models: models([model()]), intents: [wish({ action: 'keep' })] }).state).toBe('installed');
  });

  it('have their operation and their step', () => {
    const row = onlyRow({
      models: models([], [model({ state: 'downloading', operation_id: 'aaaa-1', modified_at: null })]),
      operations: [operation()],
      plan: plan([step()]),
    });
    expect(row).toMatchObject({ installed: false, since: operation().started_at, step: { key: 'aaaa' } });
    expect(row.operation?.progress).toBe(40);
  });

  it('are found by words of their name, state and facts', () => {
    const all = rows({ models: models([model(), model({ name: 'gemma3:4b', state: 'outdated' })]) });
    expect(matching(all, ' ', String)).toBe(all);
    expect(matching(all, 'outd GEM', String).map((row) => row.name)).toEqual(['gemma3:4b']);
    expect(matching(all, 'nothing', String)).toEqual([]);
  });
});

describe('what can be done', () => {
  function whys(more: Partial<Parameters<typeof model>[0]> = {}, intents: readonly Intent[] = []) {
    const row = onlyRow({ models: models([model(more)]), intents });
    return Object.fromEntries(possibilities(row, 'managed').map(({ action, why }) => [action, why]));
  }

  it('is everything with an installed model', () => {
    expect(whys()).toEqual({ activate: null, remove: null, update: null, keep: null });
  });

  it.each([
    [{ active: true }, 'why.active'],
    [{ state: 'removing' }, 'why.removing'],
    [{ capabilities: ['embedding'] }, 'why.no_completion'],
    [{ capabilities: [] }, null],
  ] as const)('with %o: making it active is refused by %s', (more, why) => expect(whys(more).activate).toBe(why));

  it('is no second time what was just asked for', () => {
    expect(whys({}, [wish({ action: 'activate' })]).activate).toBe('why.asked');
    expect(whys({}, [wish({ action: 'update' })]).update).toBe('why.asked');
    expect(whys({ declared: false }, [wish({ action: 'adopt' })]).adopt).toBe('why.asked');
  });

  it('is to end the protection of a protected model', () =>
    expect(whys({ keep: true })).toHaveProperty('unkeep', null));

  it('waits for a download', () => expect(whys({ state: 'updating' }).update).toBe('why.busy'));

  it('with what the file does not name is to adopt it', () => {
    expect(whys({ declared: false, state: 'unmanaged' })).toEqual({
      adopt: null,
      activate: null,
      remove: 'why.not_in_file',
    });
    const row = onlyRow({ models: models([model({ declared: false })]) });
    expect(possibilities(row, 'all').at(-1)?.why).toBe('why.will_be_removed');
    expect(whys({ declared: false, state: 'removing' }).remove).toBe('why.removing');
  });
});

describe('the active slot', () => {
  const active = { model: 'b', alias: null, loaded: true, last_active: 'a' } as const;

  function slot(more: Partial<Parameters<typeof slotOf>[0]> = {}) {
    return slotOf({ runtime: runtime({ active }), plan: undefined, operations: [], intents: [], ...more });
  }

  it('is empty where the file makes no model active', () => {
    expect(slot({ runtime: runtime() })).toMatchObject({ state: 'none', model: null });
  });

  it('serves what is loaded, since it was proven', () => {
    const done = operation({ operation_type: 'activate', model_name: 'b', status: 'completed', completed_at: 'then' });
    const found = slot({ runtime: runtime({ active, loaded: [loaded('b')] }), operations: [done] });
    expect(found).toMatchObject({ state: 'serving', since: 'then', loaded: { memory_bytes: 529_000_000 } });
  });

  it('switches from what still serves', () => {
    const going = operation({ operation_type: 'activate', model_name: 'b' });
    const found = slot({ runtime: runtime({ active, loaded: [loaded('a')] }), operations: [going] });
    expect(found).toMatchObject({ state: 'switching', from: 'a', model: 'b' });
  });

  it('waits with the reason of the plan', () => {
    const found = slot({ plan: plan([step({ operation: 'activate', model: 'b', reason: 'must be loaded' })]) });
    expect(found).toMatchObject({ state: 'waiting', message: 'must be loaded' });
  });

  it('tells why it failed, and what came back', () => {
    const failed = step({ operation: 'activate', model: 'b', block: blocked('stalled', 'out of memory') });
    const found = slot({ runtime: runtime({ active, loaded: [loaded('a')] }), plan: plan([failed]) });
    expect(found).toMatchObject({ state: 'failed', from: 'a', message: 'out of memory' });
  });

  it('is unknown while the runtime does not answer', () => {
    expect(slot({ runtime: runtime({ active, reachable: false }) }).state).toBe('unknown');
  });

  it('follows what was just asked for', () => {
    expect(slot({ intents: [wish({ action: 'activate', name: 'c' })] })).toMatchObject({
      state: 'waiting',
      model: 'c',
    });
    expect(slot({ intents: [wish({ action: 'remove', name: 'b' })] }).state).toBe('none');
    expect(slot({ intents: [wish({ action: 'activate', name: 'c', runtime: 'other' })] }).model).toBe('b');
  });
});

describe('the summary', () => {
  it.each([
    ['In sync', { kind: 'in_sync', count: 0, names: '' }],
    ['Starting', { kind: 'starting', count: 0, names: '' }],
    ['Working: 12', { kind: 'working', count: 12, names: '' }],
    ['Waiting: 1', { kind: 'waiting', count: 1, names: '' }],
    ['Needs attention: 3', { kind: 'attention', count: 3, names: '' }],
    ['Unknown: a does not answer', { kind: 'unknown', count: 0, names: 'a' }],
    ['Unknown: a, b do not answer', { kind: 'unknown', count: 0, names: 'a, b' }],
    ['toString', { kind: 'other', count: 0, names: '' }],
  ] as const)('%s is understood', (text, parts) => expect(summaryOf(text)).toEqual(parts));
});

describe('attention', () => {
  const nothing: AttentionSources = { status: undefined, plan: undefined, operations: [], lists: [] };
  const kinds = (sources: Partial<AttentionSources>) =>
    attentionOf({ ...nothing, ...sources }).map((item) => item.kind);
  const list = (more: Partial<CatalogueAnswer> = {}): CatalogueAnswer => ({
    success: true,
    provider: 'ollama',
    count: 0,
    models: [],
    stale: false,
    error: null,
    fetched_at: '2026-03-01T11:00:00.000Z',
    ...more,
  });

  it('is not asked for while all is well, or nothing is known', () => {
    expect(kinds({ status: status(), plan: plans(plan([step()])), lists: [list(), undefined] })).toEqual([]);
    expect(kinds({})).toEqual([]);
  });

  it.each([
    ['old, because the catalogue does not answer', { stale: true, error: 'cannot be reached' }, ['stale']],
    ['never read', { stale: true, error: 'cannot be reached', fetched_at: null }, []],
    ['old for a moment', { stale: true }, []],
    ['turned off', { error: 'is off', fetched_at: null }, []],
  ] as const)('of a list that is %s', (_, more, found) => expect(kinds({ lists: [list(more)] })).toEqual(found));

  it('comes with the worst first', () => {
    const { file } = status();
    const lost = runtimeStatus({ reachable: false, unknown_since: 'then', error: 'refused' });
    const unsafe = { digest: 'd', reasons: ['too many'], models: ['a'], freed_bytes: 1, freed_gb: 0 };
    const stalled = step({ block: blocked('stalled', 'no') });
    expect(
      kinds({
        status: status({
          file: { ...file, problems: ['models.yaml:1:1: no'] },
          runtimes: [lost, runtimeStatus({ name: 'b', suspended: true })],
        }),
        plan: plans(plan([stalled, step({ key: 'bbbb', block: blocked('backoff', 'later') })], { unsafe })),
      }),
    ).toEqual(['file', 'unknown', 'unsafe', 'stalled', 'suspended']);
  });

  it('is asked for while the repository of the file cannot be fetched', () => {
    const { file } = status();
    const source = { url: 'https://git.lan/models', ref: 'main', commit: null, author: null, subject: null } as const;
    const failed = {
      ...source,
      fetched_at: null,
      reason: 'Unreachable',
      error: 'refused',
      failing_since: 'then',
    } as const;
    expect(kinds({ status: status({ file: { ...file, source: failed } }) })).toEqual(['source']);
    const fetched = { ...failed, reason: null, error: null, failing_since: null };
    expect(kinds({ status: status({ file: { ...file, source: fetched } }) })).toEqual([]);
  });

  it('tells once that everything is suspended', () => {
    const both = [runtimeStatus({ suspended: true }), runtimeStatus({ name: 'b', suspended: true })];
    expect(kinds({ status: status({ suspended: true, runtimes: both }) })).toEqual(['suspended']);
  });

  it('names the operation that a retry is for', () => {
    expect(operationOf(step(), [operation({ operation_id: 'aaaa-77' })])).toBe('aaaa-77');
    expect(operationOf(step(), [operation({ operation_id: 'bbbb-1' })])).toBe('aaaa');
  });
});

describe('what was done', () => {
  it('goes on with the pages of the history, each operation once, and without those that never began', () => {
    const [one, two, three] = [operation(), operation({ operation_id: 'b-1' }), operation({ operation_id: 'c-1' })];
    const waiting = operation({ operation_id: 'd', started_at: null });
    expect(withEarlier([waiting, one, two], [two, three])).toEqual([one, two, three]);
  });
});

describe('toasts', () => {
  const toast = (id: number, text = String(id)): Toast => ({ id, tone: 'plain', text });

  it('say nothing twice and make room', () => {
    expect(shown([toast(1, 'same')], toast(2, 'same')).map((one) => one.id)).toEqual([2]);
    const many = Array.from({ length: 9 }, (_, id) => toast(id)).reduce<readonly Toast[]>(shown, []);
    expect(many.map((one) => one.id)).toEqual([5, 6, 7, 8]);
    expect(many).toHaveLength(MOST);
  });

  it('are closed by their id', () => expect(closed([toast(1), toast(2)], 1)).toEqual([toast(2)]));
});

describe('a catalogue', () => {
  function entry(name: string, more: Partial<CatalogueEntry> = {}): CatalogueEntry {
    return {
      provider: 'ollama',
      model_name: name,
      display_name: name,
      size_gb: null,
      size_bytes: null,
      runtime: 'ollama',
      tags: [],
      downloads: null,
      likes: null,
      description: null,
      capabilities: [],
      sizes: [],
      updated_at: null,
      url: null,
      gated: false,
      installed: false,
      declared: false,
      fits: null,
      ...more,
    };
  }

  const all = [
    entry('b', { downloads: 5, size_gb: 4, capabilities: ['tools'], updated_at: '2026-01-01T00:00:00Z' }),
    entry('a', { likes: 3, size_gb: 1, capabilities: ['vision', 'tools'] }),
    entry('c', { downloads: 9, updated_at: '2026-02-01T00:00:00Z' }),
  ];
  const names = (filter: Partial<typeof EVERYTHING>) =>
    chosen(all, { ...EVERYTHING, ...filter }).map((one) => one.model_name);

  it.each([
    ['catalogue', ['b', 'a', 'c']],
    ['downloads', ['c', 'b', 'a']],
    ['likes', ['a', 'b', 'c']],
    ['newest', ['c', 'b', 'a']],
    ['smallest', ['a', 'b', 'c']],
    ['name', ['a', 'b', 'c']],
  ] as const)('in the order of %s has what is not known last', (order, wanted) => {
    expect(names({ order })).toEqual(wanted);
  });

  it('is filtered by what models can do and how large they are', () => {
    expect(names({ capability: 'vision' })).toEqual(['a']);
    expect(names({ largestGb: 2 })).toEqual(['a']);
    expect(capabilitiesOf(all)).toEqual(['tools', 'vision']);
  });

  it('tells the licence of a model where its tags name one', () => {
    expect(licenseOf(entry('a', { tags: ['gguf', 'license:apache-2.0'] }))).toBe('apache-2.0');
    expect(licenseOf(entry('a', { tags: ['license'] }))).toBeNull();
  });

  it('takes no tag for the tag latest', () => {
    expect(isSameTag('qwen3', 'qwen3:latest')).toBe(true);
    expect(isSameTag('qwen3', 'qwen3:8b')).toBe(false);
  });

  it.each([
    ['qwen3', '8b', 'qwen3:8b'],
    ['qwen3:latest', '8b', 'qwen3:8b'],
    ['host:5000/team/model', 'v3', 'host:5000/team/model:v3'],
    ['qwen3:8b', '', 'qwen3'],
  ])('%s with the tag %s is %s', (name, tag, wanted) => {
    expect(withTag(name, tag)).toBe(wanted);
    expect(tagOf(wanted)).toBe(tag);
  });
});
