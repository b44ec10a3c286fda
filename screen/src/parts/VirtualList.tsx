import { useVirtualizer } from '@tanstack/react-virtual';
import type { ReactNode } from 'react';
import { useRef } from 'react';

export interface VirtualListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** About how high an item is, in pixels; each is measured when it is shown. */
  readonly height: number;
  readonly children: (item: T) => ReactNode;
}

/** From this many items on only those in sight are drawn. */
const MANY = 40;

/** A list that stays quick however long it is. A long one scrolls in a frame of its own. */
export function VirtualList<T>(props: VirtualListProps<T>) {
  return props.items.length < MANY ? <ShortList {...props} /> : <LongList {...props} />;
}

function ShortList<T>({ label, items, keyOf, children }: VirtualListProps<T>) {
  return (
    <ul className="list" aria-label={label}>
      {items.map((item) => (
        <li key={keyOf(item)}>{children(item)}</li>
      ))}
    </ul>
  );
}

function LongList<T>({ label, items, keyOf, height, children }: VirtualListProps<T>) {
  const frame = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here and handed to nobody
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    getItemKey: (index) => keyOf(items[index] as T),
    overscan: 6,
  });
  return (
    <div ref={frame} className="list-frame">
      <ul className="list" aria-label={label} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((place) => (
          <li
            key={place.key}
            ref={virtual.measureElement}
            data-index={place.index}
            aria-setsize={items.length}
            aria-posinset={place.index + 1}
            className="list-place"
            style={{ transform: `translateY(${place.start}px)` }}
          >
            {children(items[place.index] as T)}
          </li>
        ))}
      </ul>
    </div>
  );
}
