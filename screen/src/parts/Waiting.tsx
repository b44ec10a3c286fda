import { useLanguage } from '../i18n/language';
import { Icon } from './Icon';
import { Said } from './Said';

/** Room for what is on its way, so that nothing moves when it comes. */
export function Loading({ lines }: { readonly lines: number }) {
  const { t } = useLanguage();
  return (
    <div className="loading" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

/** Why there is nothing to show. */
export function Trouble({ error }: { readonly error: Error }) {
  return (
    <p className="trouble" role="alert">
      <Icon name="alert" />
      <Said>{error.message}</Said>
    </p>
  );
}
