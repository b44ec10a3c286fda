/** What is installed: one panel a runtime, never mixed. */

import { Fragment, useMemo, useState } from 'react';
import { useModels, useOperations, usePlan, useRuntimes, useStatus } from '../api/queries';
import type { ModelsAnswer, OperationInfo, RuntimeInfo } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { Say, useLanguage } from '../i18n/language';
import { useSession } from '../live/session';
import { useStore } from '../live/store';
import type { Row } from '../model/rows';
import { matching, rowsOf } from '../model/rows';
import { slotOf } from '../model/slot';
import { Ago } from '../parts/Ago';
import { Badge } from '../parts/Badge';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Lasting } from '../parts/Lasting';
import { Loading, Trouble } from '../parts/Waiting';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';
import { VirtualList } from '../parts/VirtualList';
import { ActiveSlot } from './ActiveSlot';
import { EmptyRuntime, NoRuntimes } from './Empty';
import { ModelRow } from './ModelRow';

export function Runtimes() {
  const { t } = useLanguage();
  const { data, error } = useRuntimes();
  return (
    <section className="runtimes" id="runtimes" aria-labelledby="runtimes-title">
      <h2 id="runtimes-title" className="unseen">
        {t('runtimes.title')}
      </h2>
      {!data && (error ? <Trouble error={error} /> : <Loading lines={5} />)}
      {data?.runtimes.length === 0 && <NoRuntimes />}
      {data?.runtimes.map((runtime) => (
        <RuntimePanel key={runtime.name} runtime={runtime} />
      ))}
    </section>
  );
}

const NO_OPERATIONS: readonly OperationInfo[] = [];

function RuntimePanel({ runtime }: { readonly runtime: RuntimeInfo }) {
  const intents = useStore(useSession().intents);
  const { data: models } = useModels();
  const { data: plans } = usePlan();
  const operations = useOperations().data?.operations ?? NO_OPERATIONS;
  const plan = plans?.runtimes.find((one) => one.name === runtime.name);
  const rows = useMemo(
    () => rowsOf({ runtime: runtime.name, models, operations, plan, intents }),
    [runtime.name, models, operations, plan, intents],
  );
  const slot = useMemo(() => slotOf({ runtime, plan, operations, intents }), [runtime, plan, operations, intents]);
  const id = `runtime-${runtime.name}`;
  return (
    <article className="panel runtime" id={id} aria-labelledby={`${id}-name`} data-runtime={runtime.name}>
      <RuntimeHead runtime={runtime} id={`${id}-name`} />
      <ActiveSlot slot={slot} runtime={runtime} />
      {models && <Rows rows={rows} runtime={runtime} />}
      {models && <OwnNames models={models} runtime={runtime.name} />}
    </article>
  );
}

function RuntimeHead({ runtime, id }: { readonly runtime: RuntimeInfo; readonly id: string }) {
  const { t } = useLanguage();
  const ask = useAsk();
  const action = runtime.suspended ? 'resume' : 'suspend';
  // Where the whole file is suspended, a runtime cannot be resumed by itself.
  const whole = useStatus().data?.suspended === true;
  return (
    <header className="panel-head runtime-head">
      <h3 id={id}>{runtime.name}</h3>
      <Reach runtime={runtime} />
      {runtime.suspended && (
        <Badge icon="held" tone="warn">
          {t('runtime.suspended')}
        </Badge>
      )}
      <div className="runtime-line">
        <p className="panel-facts">
          <span>
            {runtime.kind}
            {runtime.runtime_version && ` ${runtime.runtime_version}`}
          </span>
          <code>{runtime.url}</code>
          <Disk runtime={runtime} />
          <span title={t(`prune.${runtime.prune}.means`)}>
            prune: <code>{runtime.prune}</code>
          </span>
        </p>
        <Button kind="quiet" onClick={() => ask({ kind: 'suspend', action, runtime: whole ? null : runtime.name })}>
          {t(`action.${action}`)}
          <span className="unseen"> {runtime.name}</span>
        </Button>
      </div>
    </header>
  );
}

function Reach({ runtime }: { readonly runtime: RuntimeInfo }) {
  const { t } = useLanguage();
  if (runtime.reachable === null) return <Badge icon="asked">{t('runtime.asking')}</Badge>;
  if (!runtime.reachable) {
    return (
      <Badge icon="unknown" tone="warn" title={runtime.error ?? undefined}>
        {runtime.unknown_since ? (
          <Say k="runtime.unknown_for" values={{ time: <Lasting since={runtime.unknown_since} /> }} />
        ) : (
          t('runtime.unknown')
        )}
      </Badge>
    );
  }
  const since = runtime.conditions.find((one) => one.type === 'RuntimeReachable')?.last_transition_time ?? null;
  return (
    <Badge icon="check" tone="good">
      {since ? <Say k="runtime.reachable_for" values={{ time: <Lasting since={since} /> }} /> : t('runtime.reachable')}
    </Badge>
  );
}

function Disk({ runtime }: { readonly runtime: RuntimeInfo }) {
  const { t } = useLanguage();
  const { disk, models_bytes: used } = runtime;
  if (runtime.observed_at === null) return null;
  return (
    <span className="disk">
      <Icon name="disk" size={14} />
      <span>
        <Say k="runtime.used" values={{ size: <Size bytes={used} /> }} />
        {' · '}
        {disk ? (
          <span title={disk.path}>
            <Say
              k="runtime.free"
              values={{ size: <Size bytes={disk.free_bytes} />, total: <Size bytes={disk.total_bytes} /> }}
            />
          </span>
        ) : (
          <span title={t('runtime.free_unknown_means')}>{t('runtime.free_unknown')}</span>
        )}
      </span>
    </span>
  );
}

/** From this many rows on they can be filtered. */
const MANY = 12;
const ROW_HEIGHT = 57;

function Rows({ rows, runtime }: { readonly rows: readonly Row[]; readonly runtime: RuntimeInfo }) {
  const { t } = useLanguage();
  const [words, setWords] = useState('');
  const found = matching(rows, words, (state) => t(`state.${state}`));
  if (rows.length === 0) {
    return runtime.observed_at === null ? <Unseen runtime={runtime} /> : <EmptyRuntime runtime={runtime} />;
  }
  return (
    <div className="rows">
      {!runtime.reachable && runtime.observed_at && (
        <p className="rows-note">
          <Say k="rows.as_of" values={{ ago: <Ago at={runtime.observed_at} /> }} />
        </p>
      )}
      {rows.length > MANY && (
        <div className="rows-filter">
          <label className="field">
            <span className="unseen">{t('rows.filter', { runtime: runtime.name })}</span>
            <input
              type="search"
              value={words}
              placeholder={t('rows.filter_hint')}
              onChange={(event) => setWords(event.target.value)}
            />
          </label>
          <span className="dim" role="status">
            {t('rows.count', { count: found.length })}
          </span>
        </div>
      )}
      <VirtualList
        label={t('rows.label', { runtime: runtime.name })}
        items={found}
        keyOf={(row) => row.key}
        height={ROW_HEIGHT}
      >
        {(row) => <ModelRow row={row} runtime={runtime} />}
      </VirtualList>
      {found.length === 0 && <p className="rows-note">{t('rows.none_match')}</p>}
    </div>
  );
}

interface OwnNamesProps {
  readonly models: ModelsAnswer;
  readonly runtime: string;
}

/** The names that the daemon itself put there: its alias, and versions that it holds for a while. */
function OwnNames({ models, runtime }: OwnNamesProps) {
  const { t } = useLanguage();
  const own = models.models.filter((model) => model.runtime === runtime && model.role !== 'model');
  if (own.length === 0) return null;
  return (
    <p className="rows-note rows-own">
      {t('rows.own')}{' '}
      {own.map((model, index) => (
        <Fragment key={model.name}>
          {index > 0 && ', '}
          <code>{model.name}</code> ({t(model.role === 'alias' ? 'rows.alias' : 'rows.hold')})
        </Fragment>
      ))}
    </p>
  );
}

function Unseen({ runtime }: { readonly runtime: RuntimeInfo }) {
  const { t } = useLanguage();
  return <p className="rows-note">{runtime.error ? <Said>{runtime.error}</Said> : t('runtime.asking')}</p>;
}
