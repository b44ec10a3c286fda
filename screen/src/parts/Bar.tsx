export interface BarProps {
  /** 0 to 100; null while it cannot be told. */
  readonly value: number | null;
  readonly label: string;
}

/** How far something is. Where that cannot be told it says only that something is being done. */
export function Bar({ value, label }: BarProps) {
  const known = value === null ? {} : { 'aria-valuenow': Math.round(value), 'aria-valuemin': 0, 'aria-valuemax': 100 };
  return (
    <div role="progressbar" aria-label={label} className={value === null ? 'bar bar-unknown' : 'bar'} {...known}>
      <div className="bar-done" style={value === null ? undefined : { transform: `scaleX(${value / 100})` }} />
    </div>
  );
}
