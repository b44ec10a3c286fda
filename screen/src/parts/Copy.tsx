import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/language';
import { useSession } from '../live/session';
import { Icon } from './Icon';

const SHOWN_MS = 2000;

export interface CopyProps {
  readonly text: string;
  /** What is copied, for those who do not see it, where the children do not say so. */
  readonly label?: string;
  readonly children: ReactNode;
  readonly className?: string;
}

/** Puts a text on the clipboard, and says so. */
export function Copy({ text, label, children, className = 'copy' }: CopyProps) {
  const { t } = useLanguage();
  const { toast } = useSession();
  const [done, setDone] = useState(false);

  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);

  async function copy(): Promise<void> {
    if (await written(text)) setDone(true);
    else toast('bad', t('copy.failed'));
  }

  return (
    <button type="button" className={className} title={text} onClick={() => void copy()}>
      {children}
      {label && <span className="unseen"> {label}</span>}
      <Icon name={done ? 'check' : 'copy'} size={14} />
      <span className="unseen copy-done" aria-live="polite">
        {done ? t('copy.done') : ''}
      </span>
    </button>
  );
}

/** The clipboard is there on https and on the host itself; elsewhere a selection does it. */
async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text);
  }
}

function selected(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  // The old way is the only one on a plain http address.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}
