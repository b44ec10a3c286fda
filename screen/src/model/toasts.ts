/** Short messages that come and go. A failure stays until it is closed. */

export type ToastTone = 'good' | 'bad' | 'plain';

export interface Toast {
  readonly id: number;
  readonly tone: ToastTone;
  readonly text: string;
  /** The daemon's own words, in English, below the sentence of the page. */
  readonly detail?: string;
}

/** More than this would hide the page. */
export const MOST = 4;

export const SECONDS: Readonly<Record<ToastTone, number | null>> = { good: 6, plain: 6, bad: null };

/** The toasts with one more. What says the same already is not said again; the oldest makes room. */
export function shown(toasts: readonly Toast[], toast: Toast): readonly Toast[] {
  const others = toasts.filter((one) => one.text !== toast.text || one.detail !== toast.detail);
  return [...others, toast].slice(-MOST);
}

export function closed(toasts: readonly Toast[], id: number): readonly Toast[] {
  return toasts.filter((one) => one.id !== id);
}
