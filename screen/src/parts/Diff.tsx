import { useLanguage } from '../i18n/language';

export interface DiffProps {
  /** A unified diff. */
  readonly text: string;
}

const KINDS: Readonly<Record<string, string>> = { '+': 'diff-new', '-': 'diff-old', '@': 'diff-place' };

/** The lines of a change. What comes and what goes is told by its sign too, not by colour alone. */
export function Diff({ text }: DiffProps) {
  const { t } = useLanguage();
  const lines = text.trimEnd().split('\n').filter(isContent);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reachable by keyboard
    <pre className="diff" tabIndex={0} aria-label={t('diff.label')}>
      {lines.map((line, index) => (
        <span key={index} className={KINDS[line[0] ?? ''] ?? 'diff-same'}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

/** The two lines that name the file say nothing that stands not beside the diff already. */
function isContent(line: string): boolean {
  return !line.startsWith('--- ') && !line.startsWith('+++ ');
}
