import type { ReactNode } from 'react';
import { useEffect, useId, useRef } from 'react';
import { useLanguage } from '../i18n/language';
import { Button } from './Button';

export interface DialogProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The buttons at the end. */
  readonly actions?: ReactNode;
  /** A wide one shows lines of the file. */
  readonly wide?: boolean;
}

/** A window in front of the page. Escape closes it, Tab stays in it, and the focus returns to where it came from. */
export function Dialog({ title, onClose, children, actions, wide = false }: DialogProps) {
  const { t } = useLanguage();
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // What opened it may be gone by now, as the row of a model that was deleted.
      const back = before instanceof HTMLElement && before.isConnected ? before : document.querySelector('main');
      back?.focus();
    };
  }, []);

  return (
    <dialog
      ref={element}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" compact onClick={onClose}>
          {t('dialog.close')}
        </Button>
      </header>
      <div className="dialog-body">{children}</div>
      {actions && <footer className="dialog-foot">{actions}</footer>}
    </dialog>
  );
}
