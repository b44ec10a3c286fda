import type { KeyboardEvent } from 'react';
import { useRef } from 'react';

export interface TabsProps<T extends string> {
  readonly label: string;
  /** The id of what the tabs switch. */
  readonly controls: string;
  readonly tabs: readonly { readonly id: T; readonly title: string }[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

/** Tabs as the keyboard knows them: one stop, and the arrows go from one to the next. */
export function Tabs<T extends string>({ label, controls, tabs, chosen, onChoose }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);

  function move(event: KeyboardEvent): void {
    const here = tabs.findIndex((tab) => tab.id === chosen);
    const step = STEPS[event.key];
    const there = event.key === 'Home' ? 0 : event.key === 'End' ? tabs.length - 1 : null;
    const next = there ?? (step === undefined ? null : (here + step + tabs.length) % tabs.length);
    const tab = next === null ? undefined : tabs[next];
    if (!tab || next === null) return;
    event.preventDefault();
    onChoose(tab.id);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  }

  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- the tabs in it take the focus
    <div ref={list} role="tablist" aria-label={label} className="tabs" onKeyDown={move}>
      {tabs.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          aria-selected={id === chosen}
          aria-controls={controls}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
