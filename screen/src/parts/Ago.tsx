import { ago, exact } from '../format/times';
import { useLanguage } from '../i18n/language';
import { useNow } from '../live/clock';

export interface AgoProps {
  /** RFC 3339; null where it is not known. */
  readonly at: string | null;
}

/** A moment, told by how long ago it was or how soon it will be; the exact time is in its title. */
export function Ago({ at }: AgoProps) {
  const { language } = useLanguage();
  const now = useNow();
  const moment = at === null ? Number.NaN : Date.parse(at);
  if (at === null || Number.isNaN(moment)) return <span className="dim">–</span>;
  return (
    <time dateTime={at} title={exact(moment, language)}>
      {ago(moment, now, language)}
    </time>
  );
}
