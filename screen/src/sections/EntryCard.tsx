/** One model of a catalogue. */

import type { CatalogueEntry, RuntimeInfo } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { licenseOf } from '../model/catalogue';
import { compact } from '../format/numbers';
import { useLanguage } from '../i18n/language';
import { Ago } from '../parts/Ago';
import { Badge } from '../parts/Badge';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Size } from '../parts/Size';

export interface EntryCardProps {
  readonly entry: CatalogueEntry;
  readonly runtimes: readonly RuntimeInfo[];
}

export function EntryCard({ entry, runtimes }: EntryCardProps) {
  const { t } = useLanguage();
  const ask = useAsk();
  const served = runtimes.length === 0 || runtimes.some((runtime) => runtime.kind === entry.runtime);
  return (
    <article className="card" data-model={entry.model_name}>
      <div className="card-head">
        <h4>
          {entry.display_name} <Page entry={entry} />
        </h4>
        <Badges entry={entry} />
      </div>
      {entry.description && (
        <p className="card-text" lang="en" title={entry.description}>
          {entry.description}
        </p>
      )}
      <Chips entry={entry} />
      <Numbers entry={entry} />
      {!served && <p className="card-why dim">{t('card.no_runtime', { kind: entry.runtime })}</p>}
      {served && (
        <div className="card-end">
          <Button icon="plus" onClick={() => ask({ kind: 'install', entry })}>
            {t('action.install')}
            <span className="unseen"> {entry.display_name}</span>
          </Button>
        </div>
      )}
    </article>
  );
}

/** The way to the model's own page; nothing of it is asked for until a person goes there. */
function Page({ entry }: { readonly entry: CatalogueEntry }) {
  const { t } = useLanguage();
  if (entry.url === null) return null;
  return (
    <a className="card-page" href={entry.url} target="_blank" rel="noreferrer" title={entry.url}>
      <Icon name="link" size={14} />
      <span className="unseen">{t('card.page', { model: entry.display_name })}</span>
    </a>
  );
}

function Badges({ entry }: { readonly entry: CatalogueEntry }) {
  const { t } = useLanguage();
  return (
    <>
      {entry.installed && (
        <Badge icon="check" tone="good">
          {t('card.installed')}
        </Badge>
      )}
      {entry.declared && !entry.installed && <Badge icon="file">{t('card.declared')}</Badge>}
      {entry.gated && (
        <Badge icon="kept" tone="warn" title={t('card.gated_means')}>
          {t('card.gated')}
        </Badge>
      )}
      {entry.fits === false && (
        <Badge icon="disk" tone="warn">
          {t('card.too_large')}
        </Badge>
      )}
    </>
  );
}

/** More would push everything else away. */
const MOST = 6;

/** Tags such as `license:mit` and the names of formats say nothing that helps to choose. */
const NOISE = /:|^(?:transformers|safetensors|gguf|pytorch|endpoints_compatible|text-generation-inference)$/;

function Chips({ entry }: { readonly entry: CatalogueEntry }) {
  const { t } = useLanguage();
  const chips = [...new Set([...entry.capabilities, ...entry.sizes, ...entry.tags])]
    .filter((chip) => !NOISE.test(chip))
    .slice(0, MOST);
  const license = licenseOf(entry);
  if (chips.length === 0 && license === null) return null;
  return (
    <ul className="chips">
      {chips.map((chip) => (
        <li key={chip} className={entry.capabilities.includes(chip) ? 'chip chip-can' : 'chip'}>
          {chip}
        </li>
      ))}
      {license !== null && (
        <li className="chip" title={t('card.license')}>
          {license}
        </li>
      )}
    </ul>
  );
}

function Numbers({ entry }: { readonly entry: CatalogueEntry }) {
  const { t, language } = useLanguage();
  const { downloads, likes, size_bytes: bytes, updated_at: updated } = entry;
  return (
    <p className="card-numbers">
      {bytes !== null && <Size bytes={bytes} />}
      {downloads !== null && (
        <span title={t('card.downloads', { count: downloads })}>
          <Icon name="download" size={12} /> {compact(downloads, language)}
        </span>
      )}
      {likes !== null && (
        <span title={t('card.likes', { count: likes })}>
          <Icon name="heart" size={12} /> {compact(likes, language)}
        </span>
      )}
      {updated !== null && <Ago at={updated} />}
    </p>
  );
}
