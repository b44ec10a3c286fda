/** What a dialog about the file ends in: the lines that will be written, and the button; or the change to commit. */

import type { WantedEdit } from '../api/edits';
import { ApiError } from '../api/client';
import type { ChangeAnswer } from '../api/schema';
import { Say, useLanguage } from '../i18n/language';
import type { Key } from '../i18n/translate';
import type { ButtonProps } from '../parts/Button';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import { Diff } from '../parts/Diff';
import { Icon } from '../parts/Icon';
import { Loading } from '../parts/Waiting';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';
import { Command } from '../sections/Empty';
import type { useEdit } from './editing';

export interface PreviewProps {
  readonly change: ChangeAnswer | undefined;
  /** Why the change cannot be made. */
  readonly error: Error | null;
}

export function Preview({ change, error }: PreviewProps) {
  const { t } = useLanguage();
  if (error) return <Problem error={error} />;
  if (!change) return <Loading lines={4} />;
  return (
    <>
      {change.unsafe && (
        <div className="notice notice-bad">
          <Icon name="shield" />
          <div className="notice-text">
            <strong>{t('preview.unsafe')}</strong> <Said>{`${change.unsafe.reasons.join('; ')}.`}</Said>
          </div>
        </div>
      )}
      {change.block && change.block.kind !== 'unsafe' && (
        <div className="notice notice-warn">
          <Icon name="alert" />
          <div className="notice-text">
            <Said>{change.block.message}</Said>
          </div>
        </div>
      )}
      {change.changed ? <Lines change={change} /> : <p className="quiet">{t('preview.unchanged')}</p>}
    </>
  );
}

function Lines({ change }: { readonly change: ChangeAnswer }) {
  const { t } = useLanguage();
  return (
    <section className="preview">
      <header className="preview-head">
        <h3>{change.edits ? t('preview.lines') : t('preview.commit')}</h3>
        <code className="dim">{change.path}</code>
      </header>
      {!change.edits && <p>{t('preview.off')}</p>}
      <Diff text={change.diff} />
      <div className="preview-ways">
        {!change.edits && (
          <Copy text={change.diff} className="button button-primary">
            {t('preview.copy_diff')}
          </Copy>
        )}
        {change.commands.length > 0 && <span className="dim">{t('preview.same')}</span>}
        {change.commands.map((command) => (
          <Command key={command} text={command} />
        ))}
      </div>
    </section>
  );
}

/** What the daemon says against it; where it cannot write the file, the change to make there. */
export function Problem({ error }: { readonly error: Error }) {
  const { t } = useLanguage();
  const { status, problem } = error instanceof ApiError ? error : { status: null, problem: {} as ApiError['problem'] };
  const diff = typeof problem.diff === 'string' && problem.diff !== '' ? problem.diff : null;
  // The sentence goes before the change, which is shown by itself.
  const sentence = diff === null ? error.message : (error.message.split('\n')[0] ?? '');
  return (
    <>
      <div className="notice notice-bad" role="alert">
        <Icon name="alert" />
        <div className="notice-text">
          <Said>{sentence}</Said> {status === 409 && t('preview.look_again')}
        </div>
      </div>
      {diff !== null && (
        <>
          <Diff text={diff} />
          <div className="preview-ways">
            <Copy text={diff} className="button button-primary">
              {t('preview.copy_diff')}
            </Copy>
          </div>
        </>
      )}
    </>
  );
}

export interface ConfirmProps {
  readonly edit: WantedEdit;
  readonly change: ChangeAnswer | undefined;
  readonly order: ReturnType<typeof useEdit>;
  readonly label: Extract<Key, `confirm.${string}`>;
  readonly kind?: NonNullable<ButtonProps['kind']>;
  readonly onClose: () => void;
}

export function Confirm({ edit, change, order, label, kind = 'primary', onClose }: ConfirmProps) {
  const { t } = useLanguage();
  const possible = change?.edits === true && change.changed;
  return (
    <>
      <Button onClick={onClose}>{possible || !change ? t('dialog.cancel') : t('dialog.close')}</Button>
      {possible && (
        <Button
          kind={kind}
          busy={order.isPending}
          data-confirm={edit.action}
          onClick={() => order.mutate({ edit, shown: change })}
        >
          {t(label)}
        </Button>
      )}
    </>
  );
}

export interface RoomProps {
  readonly change: ChangeAnswer | undefined;
  /** What the catalogue says of its size, where the daemon does not know it. */
  readonly expected?: number | null;
}

/** What a change takes of the disk or gives back. */
export function Room({ change, expected = null }: RoomProps) {
  const { t } = useLanguage();
  if (!change) return null;
  const { free_bytes: free } = change;
  const needs = change.needed_bytes ?? expected;
  const left = needs === null || free === null ? null : free - needs;
  return (
    <p className={change.fits === false || (left !== null && left < 0) ? 'room tone-bad' : 'room'}>
      <Icon name="disk" />
      <span>
        {needs === null ? t('room.unknown') : <Say k="room.needs" values={{ size: <Size bytes={needs} /> }} />}
        {free !== null && left === null && (
          <>
            {' '}
            <Say k="room.free" values={{ size: <Size bytes={free} /> }} />
          </>
        )}
        {left !== null && (
          <>
            {' '}
            {left >= 0 ? (
              <Say k="room.left" values={{ size: <Size bytes={left} /> }} />
            ) : (
              <Say k="room.short" values={{ size: <Size bytes={-left} /> }} />
            )}
          </>
        )}
      </span>
    </p>
  );
}
