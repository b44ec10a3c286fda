export interface SaidProps {
  readonly children: string;
}

/** The daemon's own words, which are English whatever the page speaks; what it puts in backticks is code. */
export function Said({ children }: SaidProps) {
  const parts = children.split(/`([^`]+)`/);
  return (
    <span lang="en">{parts.map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</span>
  );
}
