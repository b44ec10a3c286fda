/** Line drawings on a grid of 16, drawn for this page. They decorate: a word always stands beside them. */

const PATHS = {
  active: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM6.5 5.6l4 2.4-4 2.4Z',
  adopt: 'M8 2v8M4.75 6.75 8 10l3.25-3.25M2.5 11v2.5h11V11',
  alert: 'M8 2.2 14.4 13.4H1.6ZM8 6.4v3.3M8 11.4v.2',
  arrow: 'M2.5 8h11M9.5 4l4 4-4 4',
  asked: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM5 8h.1M8 8h.1M11 8h.1',
  changed: 'M3 13l.6-2.9L10.7 3l2.3 2.3-7.1 7.1ZM9.3 4.4l2.3 2.3',
  check: 'M2.75 8.5 6.2 12l7-8',
  chevron: 'M5.5 3.5 10 8l-4.5 4.5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  disk: 'M2 9.5h12v4H2ZM2 9.5 4 2.5h8l2 7M11.5 11.5h.1',
  download: 'M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  file: 'M3.5 1.75h6l3 3v9.5h-9ZM9.5 1.75v3h3',
  heart: 'M8 13.3 2.9 8.2a3.2 3.2 0 0 1 4.5-4.5l.6.6.6-.6a3.2 3.2 0 0 1 4.5 4.5Z',
  held: 'M5.75 3v10M10.25 3v10',
  installed: 'M2.75 8.5 6.2 12l7-8',
  kept: 'M4 7h8v6.5H4ZM5.5 7V4.8a2.5 2.5 0 0 1 5 0V7',
  link: 'M6.5 9.5l3-3M7.3 4.7l1.6-1.6a2.8 2.8 0 0 1 4 4l-1.6 1.6M8.7 11.3l-1.6 1.6a2.8 2.8 0 0 1-4-4l1.6-1.6',
  loaded: 'M4 4h8v8H4ZM6.5 1.5V4M9.5 1.5V4M6.5 12v2.5M9.5 12v2.5M1.5 6.5H4M1.5 9.5H4M12 6.5h2.5M12 9.5h2.5',
  missing:
    'M8 1.75a6.25 6.25 0 0 1 2.4.5M13 4.2a6.2 6.2 0 0 1 1.2 2.6M14 9.8a6.2 6.2 0 0 1-1.6 2.6M9.8 14a6.3 6.3 0 0 1-3-.1M4.1 12.9a6.2 6.2 0 0 1-1.7-2.3M1.8 7.4a6.2 6.2 0 0 1 1-2.8M5 2.6a6.2 6.2 0 0 1 .6-.4',
  moon: 'M13.5 9.7A5.9 5.9 0 0 1 6.3 2.5a5.9 5.9 0 1 0 7.2 7.2Z',
  offline:
    'M2 2l12 12M5.2 8.2A4.6 4.6 0 0 1 7 7.2M2.6 5.7A8.6 8.6 0 0 1 4.9 4.2M8.4 3.4a8.4 8.4 0 0 1 5 2.3M10.4 7.9a4.6 4.6 0 0 1 .4.3M8 11.6v.2',
  outdated: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM8 4.5V8l2.5 1.5',
  plus: 'M8 3v10M3 8h10',
  removing: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.8 7v4M9.2 7v4',
  retry: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.2v2.6h-2.6',
  search: 'M7 2.25a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5ZM10.5 10.5l3.5 3.5',
  shield: 'M8 1.75 13.25 4v4c0 3-2.2 5.2-5.25 6.25C4.95 13.2 2.75 11 2.75 8V4ZM8 5v3.5M8 10.6v.2',
  stalled: 'M5.3 1.75h5.4l3.55 3.55v5.4l-3.55 3.55H5.3L1.75 10.7V5.3ZM8 4.8v3.7M8 10.9v.2',
  stop: 'M4 4h8v8H4Z',
  sun: 'M8 5.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13',
  system: 'M1.75 2.75h12.5v8H1.75ZM5.5 13.5h5M8 10.75v2.75',
  unknown: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM6.2 6.3A1.9 1.9 0 1 1 8 8.6v.6M8 11.2v.2',
  unmanaged: 'M8 2.25a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM2.9 13.75a5.1 5.1 0 0 1 10.2 0',
  updating: 'M2.8 6.4a5.5 5.5 0 0 1 10-1.2M13.2 2.4v2.9h-2.9M13.2 9.6a5.5 5.5 0 0 1-10 1.2M2.8 13.6v-2.9h2.9',
} as const;

export type IconName = keyof typeof PATHS;

export interface IconProps {
  readonly name: IconName;
  readonly size?: number;
}

export function Icon({ name, size = 16 }: IconProps) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
