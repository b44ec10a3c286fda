/** The dialogs that are about no single model: approval, the file's problems, suspension, the offline how-to. */

import { useChange, usePlan, useStatus } from '../api/queries';
import type { UnsafeInfo } from '../api/schema';
import { Say, useLanguage } from '../i18n/language';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import { Dialog } from '../parts/Dialog';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';
import { short } from '../format/digests';
import { Command } from '../sections/Empty';
import { useCommands } from './commands';
import { useEdit } from './editing';
import { Confirm, Preview, Problem } from './Preview';

interface Closing {
  readonly onClose: () => void;
}

export function UnsafeDialog({ runtime, onClose }: Closing & { readonly runtime: string }) {
  const { t } = useLanguage();
  const { approve } = useCommands();
  const unsafe = usePlan().data?.runtimes.find((one) => one.name === runtime)?.unsafe ?? null;
  return (
    <Dialog
      wide
      title={t('unsafe.ask', { runtime })}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          {unsafe && (
            <Button
              kind="danger"
              busy={approve.isPending}
              onClick={() => approve.mutate(unsafe.digest, { onSuccess: onClose })}
            >
              {t('unsafe.approve', { count: unsafe.models.length })}
            </Button>
          )}
        </>
      }
    >
      {unsafe ? <UnsafePlan unsafe={unsafe} /> : <p>{t('unsafe.gone')}</p>}
      {approve.error && <Problem error={approve.error} />}
    </Dialog>
  );
}

function UnsafePlan({ unsafe }: { readonly unsafe: UnsafeInfo }) {
  const { t } = useLanguage();
  return (
    <>
      <p>{t('unsafe.means')}</p>
      <ul className="consequences tone-bad">
        {unsafe.reasons.map((reason) => (
          <li key={reason}>
            <Said>{reason}</Said>
          </li>
        ))}
      </ul>
      <h3>
        <Say
          k="unsafe.would_remove"
          values={{ count: unsafe.models.length, size: <Size bytes={unsafe.freed_bytes} /> }}
        />
      </h3>
      <ul className="names">
        {unsafe.models.map((model) => (
          <li key={model}>
            <code>{model}</code>
          </li>
        ))}
      </ul>
      <p className="preview-ways">
        <span className="dim">{t('unsafe.digest')}</span>
        <Copy text={unsafe.digest} label={t('unsafe.copy_digest')}>
          <code>{short(unsafe.digest)}</code>
        </Copy>
        <span className="dim">{t('preview.same')}</span>
        <Command text={`venom-modeld approve ${unsafe.digest}`} />
      </p>
    </>
  );
}

export function ProblemsDialog({ onClose }: Closing) {
  const { t } = useLanguage();
  const problems = useStatus().data?.file.problems ?? [];
  return (
    <Dialog
      wide
      title={t('file.problems')}
      onClose={onClose}
      actions={<Button onClick={onClose}>{t('dialog.close')}</Button>}
    >
      <ol className="problems" lang="en">
        {problems.map((problem) => (
          <li key={problem}>
            <code>{problem}</code>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

interface SuspendDialogProps extends Closing {
  readonly action: 'suspend' | 'resume';
  /** Null for the whole file. */
  readonly runtime: string | null;
}

export function SuspendDialog({ action, runtime, onClose }: SuspendDialogProps) {
  const { t } = useLanguage();
  const order = useEdit(onClose);
  const edit = { action, runtime, name: '' } as const;
  const { data: change, error } = useChange(edit);
  return (
    <Dialog
      wide
      title={t(`ask.${action}`, { runtime: runtime ?? t('suspended.everything') })}
      onClose={onClose}
      actions={<Confirm edit={edit} change={change} order={order} label={`confirm.${action}`} onClose={onClose} />}
    >
      <p>{t(`means.${action}`)}</p>
      <Preview change={change} error={error} />
      {order.error && <Problem error={order.error} />}
    </Dialog>
  );
}

/** The how-to is in the page itself: who needs it has no internet. */
export function OfflineDialog({ onClose }: Closing) {
  const { t } = useLanguage();
  return (
    <Dialog title={t('howto.title')} onClose={onClose} actions={<Button onClick={onClose}>{t('dialog.close')}</Button>}>
      <p>{t('howto.shown')}</p>
      <ol className="howto">
        <li>{t('howto.reach')}</li>
        <li>{t('howto.proxy')}</li>
        <li>{t('howto.mirror')}</li>
        <li>{t('howto.by_name')}</li>
      </ol>
      <p className="dim">
        <Say k="howto.more" values={{ file: <code>docs/how-to/catalogues-offline.md</code> }} />
      </p>
    </Dialog>
  );
}
