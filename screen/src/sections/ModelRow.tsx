/** One model on one runtime: two lines that stay two lines whatever happens, and more behind the arrow. */

import { useId, useState } from 'react';
import type { LoadedInfo, OperationInfo, RuntimeInfo } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { useCommands } from '../dialogs/commands';
import { short } from '../format/digests';
import { duration, percent, size, speed } from '../format/numbers';
import { Say, useLanguage } from '../i18n/language';
import type { Possibility } from '../model/actions';
import { possibilities } from '../model/actions';
import { loadedAs } from '../model/slot';
import { PROVIDER_NAMES } from '../model/catalogue';
import type { Row, RowState } from '../model/rows';
import { Ago } from '../parts/Ago';
import type { Tone } from '../parts/Badge';
import { Badge } from '../parts/Badge';
import { Bar } from '../parts/Bar';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';

export const STATE_LOOKS: Readonly<Record<RowState, readonly [IconName, Tone]>> = {
  active: ['active', 'good'],
  installed: ['installed', 'plain'],
  loaded: ['loaded', 'plain'],
  downloading: ['download', 'busy'],
  updating: ['updating', 'busy'],
  removing: ['removing', 'busy'],
  missing: ['missing', 'warn'],
  outdated: ['outdated', 'warn'],
  changed: ['changed', 'warn'],
  unmanaged: ['unmanaged', 'plain'],
  stalled: ['stalled', 'bad'],
  kept: ['kept', 'plain'],
  asked: ['asked', 'busy'],
};

export interface ModelRowProps {
  readonly row: Row;
  readonly runtime: RuntimeInfo;
}

export function ModelRow({ row, runtime }: ModelRowProps) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const id = useId();
  const can = possibilities(row, runtime.prune);
  const [icon, tone] = STATE_LOOKS[row.state];
  const moving = isMoving(row) ? ' is-moving' : '';
  return (
    <div className={`row${row.stale ? ' is-stale' : ''}${moving}`} data-model={row.name} data-state={row.state}>
      <div className="row-line">
        <span className={`row-state state tone-${tone}`}>
          <Icon name={icon} />
          <span>{t(`state.${row.state}`)}</span>
        </span>
        <span className="row-name">
          <code>{row.name}</code>
          {row.keep && row.state !== 'kept' && <Badge icon="kept">{t('row.kept')}</Badge>}
        </span>
        <span className="row-size">
          <Size bytes={row.sizeBytes} />
        </span>
        <span className="row-digest">
          <Digest row={row} />
        </span>
        <span className="row-since">
          <Ago at={row.since} />
        </span>
        <span className="row-actions">
          <MainActions row={row} can={can} />
          <button
            type="button"
            className="button button-quiet button-compact row-more"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setOpen(!open)}
          >
            <Icon name="chevron" />
            <span className="unseen">{t('row.more', { model: row.name })}</span>
          </button>
        </span>
        <div className="row-second">
          <SecondLine row={row} />
        </div>
      </div>
      {open && <Details row={row} loaded={loadedAs(runtime, row.name)} can={can} id={id} />}
    </div>
  );
}

/** The two actions that are wanted most; those that cannot be done now stand in the details, with the reason. */
function MainActions({ row, can }: { readonly row: Row; readonly can: readonly Possibility[] }) {
  const { t } = useLanguage();
  const { cancel, retry } = useCommands();
  const { operation, step } = row;
  if (operation?.status === 'in_progress' && row.state === 'downloading') {
    return (
      <Button kind="quiet" icon="stop" busy={cancel.isPending} onClick={() => cancel.mutate(operation.operation_id)}>
        {t('operation.cancel')}
        <span className="unseen"> {row.name}</span>
      </Button>
    );
  }
  const waits = step?.block && step.block.kind !== 'unsafe' && step.block.kind !== 'suspended';
  return (
    <>
      {waits && (
        <Button
          kind="quiet"
          icon="retry"
          busy={retry.isPending}
          onClick={() => retry.mutate(row.operation?.operation_id ?? step.key)}
        >
          {t('operation.retry')}
          <span className="unseen"> {row.name}</span>
        </Button>
      )}
      {can
        .slice(waits ? 1 : 0, 2)
        .map((one) => one.why === null && <ActionButton key={one.action} row={row} can={one} />)}
    </>
  );
}

function ActionButton({ row, can: { action } }: { readonly row: Row; readonly can: Possibility }) {
  const { t } = useLanguage();
  const ask = useAsk();
  return (
    <Button
      kind={action === 'remove' ? 'danger' : 'quiet'}
      data-action={action}
      onClick={() => ask({ kind: 'change', action, row })}
    >
      {t(`action.${action}`)}
      <span className="unseen"> {row.name}</span>
    </Button>
  );
}

function SecondLine({ row }: { readonly row: Row }) {
  const { t } = useLanguage();
  const { operation } = row;
  if (operation && isMoving(row)) return <Transfer operation={operation} />;
  if (row.intent) return <span>{t('row.asked')}</span>;
  if (row.step?.block?.kind === 'unsafe') {
    return (
      <span>
        {t('row.unsafe')} <Said>{row.step.reason}</Said>
      </span>
    );
  }
  if (row.message) {
    return (
      <span className="row-message" title={row.message}>
        <Said>{row.message}</Said>
      </span>
    );
  }
  return (
    <>
      <span className="row-digest-narrow">
        <Digest row={row} />
      </span>
      <span className="dim">{factsOf(row).join(' · ')}</span>
    </>
  );
}

/** What stands below the name while there is nothing to tell. */
function factsOf({ provider, facts }: Row): readonly string[] {
  return provider === 'huggingface' ? [PROVIDER_NAMES.huggingface, ...facts] : facts;
}

function Digest({ row }: { readonly row: Row }) {
  const { t } = useLanguage();
  if (!row.digest) return null;
  return (
    <Copy text={row.digest} label={t('row.copy_digest', { model: row.name })}>
      <code>{short(row.digest)}</code>
    </Copy>
  );
}

/** Whether bytes are on their way for it, so that its second line needs the room of the whole row. */
function isMoving({ operation, state }: Row): boolean {
  return operation?.status === 'in_progress' && (state === 'downloading' || state === 'updating');
}

/** Bytes, speed and time left. What is not known is left out. */
export function Transfer({ operation }: { readonly operation: OperationInfo }) {
  const { t, language } = useLanguage();
  const { bytes_completed: done, bytes_total: total, bytes_per_second: rate, seconds_left: left } = operation;
  const moves = operation.phase === 'downloading';
  const parts = [
    moves && operation.progress !== null ? percent(operation.progress, language) : null,
    operation.phase && !moves ? t(`phase.${operation.phase}`) : null,
    moves && done !== null && total !== null
      ? t('transfer.of', { done: size(done, language), total: size(total, language) })
      : null,
    moves && left !== null ? t('transfer.left', { time: duration(left, language) }) : null,
    moves && rate !== null ? speed(rate, language) : null,
  ].filter((part) => part !== null);
  return (
    <div className="transfer">
      <Bar value={operation.progress} label={t('transfer.label', { model: operation.model_name })} />
      <span className="transfer-facts">{parts.length > 0 ? parts.join(' · ') : t('transfer.begins')}</span>
    </div>
  );
}

interface DetailsProps {
  readonly row: Row;
  readonly loaded: LoadedInfo | null;
  readonly can: readonly Possibility[];
  readonly id: string;
}

function Details({ row, loaded, can, id }: DetailsProps) {
  const { t } = useLanguage();
  return (
    <div className="row-details" id={id}>
      {row.message && (
        <p>
          <Said>{row.message}</Said>
        </p>
      )}
      <dl className="facts">
        <Fact
          name={t('row.file')}
          value={t(row.declared ? 'row.declared' : row.managed ? 'row.managed' : 'row.foreign')}
        />
        {row.facts.length > 0 && <Fact name={t('row.build')} value={row.facts.join(' · ')} />}
        {row.capabilities.length > 0 && <Fact name={t('row.can')} value={row.capabilities.join(', ')} />}
        {row.digest && <Fact name={t('row.digest')} value={<code className="wrap">{row.digest}</code>} />}
        {row.since && <Fact name={t('row.since')} value={<Ago at={row.since} />} />}
        {loaded && <Fact name={t('slot.memory')} value={<Memory loaded={loaded} />} />}
      </dl>
      <ul className="actions">
        {can.map((one) => (
          <li key={one.action}>
            {one.why === null ? (
              <ActionButton row={row} can={one} />
            ) : (
              <span className="dim">
                <Say k="row.cannot" values={{ action: t(`action.${one.action}`), why: t(one.why) }} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What a loaded model takes, how much it can read at once, and how long it stays. */
function Memory({ loaded }: { readonly loaded: LoadedInfo }) {
  const { t, language } = useLanguage();
  const { memory_bytes: memory, vram_bytes: gpu, context_length: context, expires_at: expires, pinned } = loaded;
  return (
    <>
      {memory === null ? t('state.loaded') : <Size bytes={memory} />}
      {gpu ? ` · ${t('row.on_gpu', { size: size(gpu, language) })}` : ''}
      {context ? ` · ${t('row.context', { count: context })}` : ''}
      {pinned && ` · ${t('row.pinned')}`}
      {!pinned && expires && (
        <>
          {' · '}
          <Say k="row.leaves" values={{ ago: <Ago at={expires} /> }} />
        </>
      )}
    </>
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
