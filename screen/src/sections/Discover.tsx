/** What there is in the world: what is popular, what is available, what a search finds; each source beside the other. */

import type { RefObject } from 'react';
import { useState } from 'react';
import type { Listing } from '../api/queries';
import { useCatalogue, useRuntimes } from '../api/queries';
import type { CatalogueAnswer, CatalogueEntry, Provider } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { Say, useLanguage } from '../i18n/language';
import { useSettled } from '../live/settled';
import type { Filter } from '../model/catalogue';
import { capabilitiesOf, chosen, EVERYTHING, PROVIDER_NAMES } from '../model/catalogue';
import { Ago } from '../parts/Ago';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Loading, Trouble } from '../parts/Waiting';
import { Said } from '../parts/Said';
import { Tabs } from '../parts/Tabs';
import { EntryCard } from './EntryCard';
import { Filters } from './Filters';

const PROVIDERS: readonly Provider[] = ['ollama', 'huggingface'];
const LISTINGS: readonly Listing[] = ['trending', 'available', 'search'];

/** A search asks the catalogue itself, which minds being asked for every letter. */
const TYPING_MS = 300;

export interface DiscoverProps {
  readonly search: RefObject<HTMLInputElement | null>;
}

export function Discover({ search }: DiscoverProps) {
  const { t } = useLanguage();
  const [listing, setListing] = useState<Listing>('trending');
  const [words, setWords] = useState('');
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const [provider, setProvider] = useState<Provider | ''>('');
  const sought = useSettled(words.trim(), TYPING_MS);
  const shown = PROVIDERS.filter((one) => provider === '' || one === provider);
  const answers = {
    ollama: useCatalogue(listing, 'ollama', sought),
    huggingface: useCatalogue(listing, 'huggingface', sought),
  };
  const known = shown.flatMap((one) => answers[one].data?.models ?? []);

  function look(text: string): void {
    setWords(text);
    if (text !== '') setListing('search');
  }

  return (
    <section className="discover" id="discover" aria-labelledby="discover-title">
      <header className="discover-head">
        <h2 id="discover-title">{t('discover.title')}</h2>
        <Tabs
          label={t('discover.title')}
          controls="discover-lists"
          tabs={LISTINGS.map((id) => ({ id, title: t(`discover.${id}`) }))}
          chosen={listing}
          onChoose={setListing}
        />
        <label className="field discover-search">
          <Icon name="search" />
          <span className="unseen">{t('search.label')}</span>
          <input
            ref={search}
            type="search"
            value={words}
            placeholder={t('search.hint')}
            onChange={(event) => look(event.target.value)}
          />
        </label>
      </header>
      <Filters
        filter={filter}
        provider={provider}
        capabilities={capabilitiesOf(known)}
        onFilter={setFilter}
        onProvider={setProvider}
      />
      <div className="discover-lists" id="discover-lists" role="tabpanel" aria-labelledby={`tab-${listing}`}>
        {listing === 'search' && sought.length < 2 ? (
          <p className="quiet">{t('search.begin')}</p>
        ) : (
          shown.map((one) => (
            <Column key={one} provider={one} filter={filter} answer={answers[one]} listing={listing} />
          ))
        )}
      </div>
    </section>
  );
}

interface ColumnProps {
  readonly provider: Provider;
  readonly filter: Filter;
  readonly listing: Listing;
  readonly answer: { readonly data: CatalogueAnswer | undefined; readonly error: Error | null };
}

function Column({ provider, filter, listing, answer: { data, error } }: ColumnProps) {
  const { t } = useLanguage();
  const entries = chosen(data?.models ?? [], filter);
  return (
    <section className="panel catalogue" aria-labelledby={`${provider}-title`} data-provider={provider}>
      <header className="panel-head">
        <h3 id={`${provider}-title`}>{PROVIDER_NAMES[provider]}</h3>
        {data?.fetched_at && (
          <p className="panel-facts">
            <span>{t('discover.count', { count: entries.length })}</span>
            <span>
              <Say k="discover.as_of" values={{ ago: <Ago at={data.fetched_at} /> }} />
            </span>
          </p>
        )}
      </header>
      {data && (data.stale || data.error !== null) && <Stale answer={data} />}
      {!data && (error ? <Trouble error={error} /> : <Loading lines={6} />)}
      {data && entries.length === 0 && (
        <p className="quiet">{data.models.length > 0 ? t('discover.all_filtered') : t(`discover.none_${listing}`)}</p>
      )}
      <Cards entries={entries} />
    </section>
  );
}

function Stale({ answer }: { readonly answer: CatalogueAnswer }) {
  const { t } = useLanguage();
  const ask = useAsk();
  return (
    <div className="notice notice-warn" role="note">
      <Icon name="offline" />
      <div className="notice-text">
        <strong>
          {answer.fetched_at === null ? (
            t(answer.models.length > 0 ? 'stale.instead' : 'stale.nothing')
          ) : (
            <Say k="stale.since" values={{ ago: <Ago at={answer.fetched_at} /> }} />
          )}
        </strong>{' '}
        {answer.error && (
          <span className="dim">
            <Said>{answer.error}</Said>
          </span>
        )}
      </div>
      <div className="notice-action">
        <Button kind="quiet" onClick={() => ask({ kind: 'offline' })}>
          {t('stale.how_to')}
        </Button>
      </div>
    </div>
  );
}

function Cards({ entries }: { readonly entries: readonly CatalogueEntry[] }) {
  const { data: runtimes } = useRuntimes();
  return (
    <ul className="cards">
      {entries.map((entry) => (
        <li key={entry.model_name}>
          <EntryCard entry={entry} runtimes={runtimes?.runtimes ?? []} />
        </li>
      ))}
    </ul>
  );
}
