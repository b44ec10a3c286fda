import { count, size } from '../format/numbers';
import { useLanguage } from '../i18n/language';

export interface SizeProps {
  readonly bytes: number | null;
}

/** A size with its unit; the bytes are in its title. */
export function Size({ bytes }: SizeProps) {
  const { language, t } = useLanguage();
  if (bytes === null) {
    return (
      <span className="dim" title={t('size.unknown')}>
        –
      </span>
    );
  }
  return (
    <data value={bytes} title={t('size.bytes', { bytes: count(bytes, language) })}>
      {size(bytes, language)}
    </data>
  );
}
