/** What is being done and what was done; what waits stands in the plan. A failure opens to its reason and to what can be done about it. */

import { useEffect, useId, useState } from 'react';
import { OPERATIONS, useHistory, useOperations } from '../api/queries';
import type { OperationInfo, OperationStatus } from '../api/schema';
import { useCommands } from '../dialogs/commands';
import { short } from '../format/digests';
import { duration, size } from '../format/numbers';
import { Say, useLanguage } from '../i18n/language';
import { useNow } from '../live/clock';
import { withEarlier } from '../model/history';
import { Ago } from '../parts/Ago';
import type { Tone } from '../parts/Badge';
import { Button } from '../parts/Button';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Loading, Trouble } from '../parts/Waiting';
import { Said } from '../parts/Said';
import { VirtualList } from '../parts/VirtualList';
import { Transfer } from './ModelRow';

export function Activity() {
  const { t } = useLanguage();
  const { data, error } = useOperations();
  const [failuresFirst, setFailuresFirst] = useState(false);
  const earlier = useEarlier(data?.operations.length ?? 0);
  const all = withEarlier(data?.operations ?? [], earlier.operations);
  const failures = all.filter((one) => one.status === 'failed').length;
  const items = failuresFirst ? all.toSorted((one, other) => rank(one) - rank(other)) : all;
  return (
    <section className="panel activity" aria-labelledby="activity-title">
      <header className="panel-head">
        <h2 id="activity-title">{t('activity.title')}</h2>
        {failures > 0 && (
          <button
            type="button"
            className="button button-quiet"
            aria-pressed={failuresFirst}
            onClick={() => setFailuresFirst(!failuresFirst)}
          >
            <Icon name="alert" />
            <span>{t('activity.failures_first', { count: failures })}</span>
          </button>
        )}
      </header>
      {!data && (error ? <Trouble error={error} /> : <Loading lines={3} />)}
      {data && items.length === 0 && <p className="quiet">{t('activity.none')}</p>}
      {items.length > 0 && (
        <VirtualList label={t('activity.title')} items={items} keyOf={(one) => one.operation_id} height={61}>
          {(operation) => <ActivityRow operation={operation} />}
        </VirtualList>
      )}
      {earlier.more && (
        <p className="activity-more">
          <Button kind="quiet" busy={earlier.busy} onClick={earlier.show}>
            {t('activity.earlier')}
          </Button>
        </p>
      )}
      {earlier.error && <Trouble error={earlier.error} />}
    </section>
  );
}

interface Earlier {
  readonly operations: readonly OperationInfo[];
  /** Whether there is more than is shown. */
  readonly more: boolean;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly show: () => void;
}

/** What ended before the `listed` operations. The first page of the history has much of what is listed, so two are read at first. */
function useEarlier(listed: number): Earlier {
  const [wanted, setWanted] = useState(false);
  const { data, error, hasNextPage, isLoading, isFetching, isFetchingNextPage, fetchNextPage } = useHistory(wanted);
  const first = (data?.length ?? 0) <= OPERATIONS;

  useEffect(() => {
    if (first && hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [first, hasNextPage, isFetching, error, fetchNextPage]);

  return {
    operations: data ?? [],
    more: wanted ? hasNextPage : listed >= OPERATIONS,
    busy: isLoading || isFetchingNextPage,
    error,
    show: () => {
      if (wanted) void fetchNextPage();
      else setWanted(true);
    },
  };
}

function rank(operation: OperationInfo): number {
  return operation.status === 'failed' ? 0 : 1;
}

const LOOKS: Readonly<Record<OperationStatus, readonly [IconName, Tone]>> = {
  pending: ['asked', 'plain'],
  in_progress: ['updating', 'busy'],
  completed: ['check', 'good'],
  failed: ['stalled', 'bad'],
  cancelled: ['close', 'plain'],
};

function ActivityRow({ operation }: { readonly operation: OperationInfo }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const id = useId();
  const [icon, tone] = LOOKS[operation.status];
  const running = operation.status === 'in_progress';
  return (
    <div className="operation" data-status={operation.status} data-operation={operation.operation_type}>
      <button
        type="button"
        className="operation-line"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span className={`state tone-${tone}`} title={t(`status.${operation.status}`)}>
          <Icon name={icon} />
          <span className="unseen">{t(`status.${operation.status}`)}</span>
        </span>
        <span className="operation-what">
          {t(`operation.${operation.operation_type}`)} <code>{operation.model_name}</code>
        </span>
        <span className="operation-when dim">
          <Ago at={operation.completed_at ?? operation.started_at} />
        </span>
      </button>
      {running ? (
        <div className="operation-second">
          <Transfer operation={operation} />
        </div>
      ) : (
        <p className="operation-second dim" title={operation.message}>
          {operation.status === 'completed' ? <Result operation={operation} /> : <Said>{operation.message}</Said>}
        </p>
      )}
      {open && <Details operation={operation} id={id} />}
    </div>
  );
}

function Details({ operation, id }: { readonly operation: OperationInfo; readonly id: string }) {
  const { t } = useLanguage();
  return (
    <div className="operation-details" id={id}>
      <p>
        <Said>{operation.message}</Said>
      </p>
      <dl className="facts">
        <Fact name={t('activity.runtime')} value={operation.runtime} />
        <Fact name={t('activity.result')} value={`${t(`status.${operation.status}`)} (${operation.reason})`} />
        <Fact name={t('activity.took')} value={<Took operation={operation} />} />
        <Fact name={t('activity.attempt')} value={operation.attempt} />
        <Fact
          name={t('activity.revision')}
          value={<code title={operation.revision}>{short(operation.revision)}</code>}
        />
        {operation.author !== null && <Fact name={t('activity.author')} value={operation.author} />}
        {operation.retry_at && <Fact name={t('activity.again')} value={<Ago at={operation.retry_at} />} />}
      </dl>
      <Ways operation={operation} />
    </div>
  );
}

/** What came of it, in short. */
function Result({ operation }: { readonly operation: OperationInfo }) {
  const { t, language } = useLanguage();
  const { bytes_total: bytes, runtime } = operation;
  return (
    <>
      {runtime} · <Say k="activity.in" values={{ time: <Took operation={operation} /> }} />
      {bytes ? ` · ${size(bytes, language)}` : ''}
      {operation.attempt > 1 ? ` · ${t('activity.attempts', { count: operation.attempt })}` : ''}
    </>
  );
}

function Took({ operation }: { readonly operation: OperationInfo }) {
  const { language } = useLanguage();
  const now = useNow();
  if (operation.started_at === null) return '–';
  const end = operation.completed_at === null ? now : Date.parse(operation.completed_at);
  return duration((end - Date.parse(operation.started_at)) / 1000, language);
}

function Ways({ operation }: { readonly operation: OperationInfo }) {
  const { t } = useLanguage();
  const { cancel, retry } = useCommands();
  const id = operation.operation_id;
  const going = operation.status === 'in_progress' || operation.status === 'pending';
  if (going) {
    return (
      <Button icon="stop" busy={cancel.isPending} onClick={() => cancel.mutate(id)}>
        {t('operation.cancel')}
      </Button>
    );
  }
  if (operation.status === 'completed') return null;
  return (
    <Button icon="retry" busy={retry.isPending} onClick={() => retry.mutate(id)}>
      {t('operation.retry')}
    </Button>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
