import type { Provider } from '../api/schema';
import { useLanguage } from '../i18n/language';
import type { Filter, Order } from '../model/catalogue';
import { EVERYTHING, ORDERS } from '../model/catalogue';
import { Button } from '../parts/Button';

const SIZES = [2, 8, 20, 60] as const;

export interface FiltersProps {
  readonly filter: Filter;
  readonly provider: Provider | '';
  readonly capabilities: readonly string[];
  readonly onFilter: (filter: Filter) => void;
  readonly onProvider: (provider: Provider | '') => void;
}

export function Filters({ filter, provider, capabilities, onFilter, onProvider }: FiltersProps) {
  const { t } = useLanguage();
  const untouched = provider === '' && JSON.stringify(filter) === JSON.stringify(EVERYTHING);
  return (
    <div className="filters" role="group" aria-label={t('filter.title')}>
      <label>
        <span>{t('filter.provider')}</span>
        <select value={provider} onChange={(event) => onProvider(event.target.value as Provider | '')}>
          <option value="">{t('filter.both')}</option>
          <option value="ollama">Ollama</option>
          <option value="huggingface">Hugging Face</option>
        </select>
      </label>
      <label>
        <span>{t('filter.capability')}</span>
        <select value={filter.capability} onChange={(event) => onFilter({ ...filter, capability: event.target.value })}>
          <option value="">{t('filter.any')}</option>
          {[...new Set([...capabilities, filter.capability])].filter(Boolean).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('filter.size')}</span>
        <select
          value={filter.largestGb ?? ''}
          onChange={(event) => onFilter({ ...filter, largestGb: Number(event.target.value) || null })}
        >
          <option value="">{t('filter.any_size')}</option>
          {SIZES.map((size) => (
            <option key={size} value={size}>
              {t('filter.up_to', { size })}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('filter.order')}</span>
        <select value={filter.order} onChange={(event) => onFilter({ ...filter, order: event.target.value as Order })}>
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {t(`order.${order}`)}
            </option>
          ))}
        </select>
      </label>
      {!untouched && (
        <Button
          kind="quiet"
          icon="close"
          onClick={() => {
            onFilter(EVERYTHING);
            onProvider('');
          }}
        >
          {t('filter.clear')}
        </Button>
      )}
    </div>
  );
}
