/** The messages that come and go. They are read out when nothing else is. */

import { useEffect } from 'react';
import { useLanguage } from '../i18n/language';
import { useSession } from '../live/session';
import { useStore } from '../live/store';
import type { Toast, ToastTone } from '../model/toasts';
import { closed, SECONDS } from '../model/toasts';
import { Button } from '../parts/Button';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Said } from '../parts/Said';

const ICONS: Readonly<Record<ToastTone, IconName>> = { good: 'check', plain: 'asked', bad: 'alert' };

export function Toasts() {
  const { t } = useLanguage();
  const { toasts } = useSession();
  const shown = useStore(toasts);
  return (
    <section className="toasts" aria-label={t('toasts.title')}>
      <ol aria-live="polite" aria-relevant="additions">
        {shown.map((toast) => (
          <One key={toast.id} toast={toast} onClose={() => toasts.set((now) => closed(now, toast.id))} />
        ))}
      </ol>
    </section>
  );
}

function One({ toast, onClose }: { readonly toast: Toast; readonly onClose: () => void }) {
  const { t } = useLanguage();
  const { toasts } = useSession();
  const { id, tone } = toast;

  useEffect(() => {
    const seconds = SECONDS[tone];
    if (seconds === null) return;
    const timer = setTimeout(() => toasts.set((now) => closed(now, id)), seconds * 1000);
    return () => clearTimeout(timer);
  }, [id, tone, toasts]);

  return (
    <li className={`toast toast-${tone}`}>
      <Icon name={ICONS[tone]} />
      <div>
        <p>{toast.text}</p>
        {toast.detail && (
          <p className="dim" title={toast.detail}>
            <Said>{toast.detail}</Said>
          </p>
        )}
      </div>
      <Button kind="quiet" icon="close" compact onClick={onClose}>
        {t('toasts.close')}
      </Button>
    </li>
  );
}
