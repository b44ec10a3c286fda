/** What needs a person: one line each, with the one thing to do about it. Nothing is shown while nothing does. */

import type { ReactNode } from 'react';
import { useCatalogue, useOperations, usePlan, useStatus } from '../api/queries';
import type { UnsafeInfo } from '../api/schema';
import { useCommands } from '../dialogs/commands';
import { useAsk } from '../dialogs/asking';
import { clock } from '../format/times';
import { Say, useLanguage } from '../i18n/language';
import { useNow } from '../live/clock';
import { useSession } from '../live/session';
import { useStore } from '../live/store';
import type { Attention } from '../model/attention';
import { attentionOf } from '../model/attention';
import { PROVIDER_NAMES } from '../model/catalogue';
import { Ago } from '../parts/Ago';
import { Button } from '../parts/Button';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';

export function AttentionList() {
  const { t } = useLanguage();
  const { data: status } = useStatus();
  const { data: plan } = usePlan();
  const { data: operations } = useOperations();
  const { link } = useStore(useSession().connection);
  const lists = [useCatalogue('trending', 'ollama').data, useCatalogue('trending', 'huggingface').data];
  const items = attentionOf({ status, plan, operations: operations?.operations ?? [], lists });
  if (items.length === 0 && link !== 'offline') return null;
  return (
    <section className="attention" aria-label={t('attention.title')}>
      <ul>
        {link === 'offline' && <OfflineItem />}
        {items.map((item) => (
          <Item key={item.key} item={item} accepted={status?.file.accepted_at ?? null} />
        ))}
      </ul>
    </section>
  );
}

interface LineProps {
  readonly icon: IconName;
  readonly tone: 'bad' | 'warn' | 'plain';
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

function Line({ icon, tone, children, action }: LineProps) {
  return (
    <li className={`notice notice-${tone}`}>
      <Icon name={icon} />
      <div className="notice-text">{children}</div>
      {action && <div className="notice-action">{action}</div>}
    </li>
  );
}

function OfflineItem() {
  const { t } = useLanguage();
  const { heard } = useStore(useSession().connection);
  return (
    <Line icon="offline" tone="bad">
      <strong>{t('offline.title')}</strong>{' '}
      {heard === null ? t('offline.never') : <Say k="offline.since" values={{ time: <Clock at={heard} /> }} />}
    </Line>
  );
}

/** The time of day, by this computer. */
function Clock({ at }: { readonly at: number | string }) {
  const { language } = useLanguage();
  const now = useNow(60_000);
  const moment = typeof at === 'string' ? Date.parse(at) : at;
  return <time dateTime={new Date(moment).toISOString()}>{clock(moment, now, language)}</time>;
}

interface ItemProps<T extends Attention> {
  readonly item: T;
  readonly accepted: string | null;
}

type Of<K extends Attention['kind']> = Extract<Attention, { kind: K }>;

function Item({ item, accepted }: ItemProps<Attention>) {
  switch (item.kind) {
    case 'file':
      return <FileItem item={item} accepted={accepted} />;
    case 'source':
      return <SourceItem item={item} />;
    case 'unsafe':
      return <UnsafeItem runtime={item.runtime} unsafe={item.unsafe} />;
    case 'unknown':
      return <UnknownItem item={item} />;
    case 'stalled':
      return <StalledItem item={item} />;
    case 'suspended':
      return <SuspendedItem item={item} />;
    case 'stale':
      return <StaleItem item={item} />;
  }
}

function FileItem({ item, accepted }: ItemProps<Of<'file'>>) {
  const { t } = useLanguage();
  const ask = useAsk();
  const [first] = item.problems;
  const more = item.problems.length - 1;
  return (
    <Line
      icon="file"
      tone="bad"
      action={
        more > 0 && (
          <Button onClick={() => ask({ kind: 'problems' })}>
            {t('file.show_all', { count: item.problems.length })}
          </Button>
        )
      }
    >
      <strong>{t('file.invalid')}</strong>{' '}
      <code lang="en" title={first}>
        {first?.replace(/^\/(?:[^/:]*\/)*/, '')}
      </code>{' '}
      <span className="dim">
        {accepted === null ? (
          t('file.none_in_force')
        ) : (
          <Say k="file.in_force" values={{ time: <Clock at={accepted} /> }} />
        )}
      </span>
    </Line>
  );
}

function SourceItem({ item }: { readonly item: Of<'source'> }) {
  return (
    <Line icon="offline" tone="warn">
      <strong>
        <Say k="source.failing" values={{ time: <Clock at={item.since} /> }} />
      </strong>{' '}
      <Said>{item.error}</Said>
    </Line>
  );
}

function UnsafeItem({ runtime, unsafe }: { readonly runtime: string; readonly unsafe: UnsafeInfo }) {
  const { t } = useLanguage();
  const ask = useAsk();
  return (
    <Line
      icon="shield"
      tone="bad"
      action={
        <Button kind="primary" onClick={() => ask({ kind: 'unsafe', runtime })}>
          {t('unsafe.review')}
        </Button>
      }
    >
      <strong>{t('unsafe.title', { runtime })}</strong>{' '}
      <Say
        k="unsafe.would_remove"
        values={{ count: unsafe.models.length, size: <Size bytes={unsafe.freed_bytes} /> }}
      />{' '}
      <span className="dim">
        <Said>{`${unsafe.reasons.join('; ')}.`}</Said>
      </span>
    </Line>
  );
}

function UnknownItem({ item }: { readonly item: Of<'unknown'> }) {
  const { t } = useLanguage();
  return (
    <Line
      icon="unknown"
      tone="warn"
      action={
        <a className="button button-plain" href={`#runtime-${item.runtime}`}>
          {t('unknown.go')}
        </a>
      }
    >
      <strong>{t('unknown.title', { runtime: item.runtime })}</strong>{' '}
      {item.since && <Say k="unknown.since" values={{ time: <Clock at={item.since} /> }} />}{' '}
      {item.error && (
        <span className="dim">
          <Said>{item.error}</Said>
        </span>
      )}
    </Line>
  );
}

function StalledItem({ item }: { readonly item: Of<'stalled'> }) {
  const { t } = useLanguage();
  const { retry } = useCommands();
  return (
    <Line
      icon="stalled"
      tone="bad"
      action={
        <Button icon="retry" busy={retry.isPending} onClick={() => retry.mutate(item.operationId)}>
          {t('operation.retry')}
        </Button>
      }
    >
      <strong>
        <Say
          k="stalled.title"
          values={{ operation: t(`operation.${item.step.operation}`), model: <code>{item.step.model}</code> }}
        />
      </strong>{' '}
      <Said>{item.step.block?.message ?? item.step.reason}</Said>
    </Line>
  );
}

function SuspendedItem({ item }: { readonly item: Of<'suspended'> }) {
  const { t } = useLanguage();
  const ask = useAsk();
  const { runtime } = item;
  return (
    <Line
      icon="held"
      tone="plain"
      action={
        <Button onClick={() => ask({ kind: 'suspend', action: 'resume', runtime })}>
          {t('action.resume')}
          <span className="unseen"> {runtime ?? t('suspended.everything')}</span>
        </Button>
      }
    >
      <strong>{runtime === null ? t('suspended.all') : t('suspended.one', { runtime })}</strong> {t('suspended.means')}
    </Line>
  );
}

function StaleItem({ item: { answer } }: { readonly item: Of<'stale'> }) {
  const { t } = useLanguage();
  const ask = useAsk();
  return (
    <Line
      icon="offline"
      tone="plain"
      action={
        <Button onClick={() => ask({ kind: 'offline' })}>
          {t('stale.how_to')}
          <span className="unseen"> {PROVIDER_NAMES[answer.provider]}</span>
        </Button>
      }
    >
      <strong>{t('stale.catalogue', { provider: PROVIDER_NAMES[answer.provider] })}</strong>{' '}
      <Say k="stale.shown" values={{ ago: <Ago at={answer.fetched_at} /> }} />
    </Line>
  );
}
