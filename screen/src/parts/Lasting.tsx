import { duration } from '../format/numbers';
import { exact } from '../format/times';
import { useLanguage } from '../i18n/language';
import { useNow } from '../live/clock';

export interface LastingProps {
  /** RFC 3339: since when. */
  readonly since: string;
}

/** How long something has lasted; since exactly when is in its title. */
export function Lasting({ since }: LastingProps) {
  const { language } = useLanguage();
  const now = useNow();
  const moment = Date.parse(since);
  return (
    <time dateTime={since} title={exact(moment, language)}>
      {duration(Math.max(1, (now - moment) / 1000), language)}
    </time>
  );
}
