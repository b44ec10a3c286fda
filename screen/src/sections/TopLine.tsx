/** The first line: which host this is, how it is, which revision of the file is in force, and whether it is reached. */

import { useStatus } from '../api/queries';
import type { StatusAnswer } from '../api/schema';
import { short } from '../format/digests';
import { Say, useLanguage } from '../i18n/language';
import type { Key, Translate } from '../i18n/translate';
import { useSession } from '../live/session';
import { useStore } from '../live/store';
import type { Link } from '../live/stream';
import type { Summary, SummaryKind } from '../model/summary';
import { summaryOf } from '../model/summary';
import { Ago } from '../parts/Ago';
import type { Tone } from '../parts/Badge';
import { Copy } from '../parts/Copy';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Choices } from './Choices';

export interface TopLineProps {
  readonly onSearch: () => void;
}

export function TopLine({ onSearch }: TopLineProps) {
  const { t } = useLanguage();
  const { data: status } = useStatus();
  return (
    <header className="top">
      <div className="top-name">
        <h1>{status?.host ?? t('page.title')}</h1>
        <span className="top-product">venom-modeld</span>
      </div>
      <OverallState status={status} />
      {status && <Revision status={status} />}
      <div className="top-end">
        <LinkState />
        <button type="button" className="button button-quiet" aria-keyshortcuts="/" onClick={onSearch}>
          <Icon name="search" />
          <span>{t('search.go')}</span>
          <kbd>/</kbd>
        </button>
        <Choices />
      </div>
    </header>
  );
}

const LOOKS: Readonly<Record<SummaryKind, readonly [IconName, Tone]>> = {
  in_sync: ['check', 'good'],
  working: ['updating', 'busy'],
  waiting: ['held', 'plain'],
  attention: ['alert', 'bad'],
  unknown: ['unknown', 'warn'],
  starting: ['asked', 'plain'],
  other: ['asked', 'plain'],
};

function OverallState({ status }: { readonly status: StatusAnswer | undefined }) {
  const { t } = useLanguage();
  const summary = summaryOf(status?.summary ?? 'Starting');
  const [icon, tone] = LOOKS[summary.kind];
  return (
    <p className={`state state-large tone-${tone}`} role="status">
      <Icon name={icon} />
      <span>{status ? sentence(summary, status.summary, t) : t('loading')}</span>
    </p>
  );
}

function sentence({ kind, count, names }: Summary, said: string, t: Translate): string {
  if (kind === 'other') return said;
  if (kind === 'unknown') return t('summary.unknown', { names });
  if (kind === 'in_sync' || kind === 'starting') return t(`summary.${kind}`);
  return t(`summary.${kind}`, { count });
}

function Revision({ status }: { readonly status: StatusAnswer }) {
  const { t } = useLanguage();
  const { revision, applied_revision: applied, accepted_at: accepted, path, author, source } = status.file;
  if (revision === null) return <p className="top-revision dim">{t('revision.none')}</p>;
  return (
    <p className="top-revision" title={source ? `${source.url} (${source.ref})` : path}>
      <span>{t('revision.word')}</span>{' '}
      <Copy text={revision} label={t('revision.copy')}>
        <code>{short(revision)}</code>
      </Copy>{' '}
      {author !== null && (
        <span title={author}>
          <Say k="revision.by" values={{ name: nameOf(author) }} />{' '}
        </span>
      )}
      <Ago at={accepted} />
      <span aria-hidden="true"> · </span>
      {applied === revision ? t('revision.reached') : t('revision.not_reached')}
    </p>
  );
}

/** `Name <address>` without the address. */
function nameOf(author: string): string {
  return author.replace(/ *<[^>]*>$/, '') || author;
}

const LINKS: Readonly<Record<Link, readonly [IconName, Tone, Key]>> = {
  connecting: ['asked', 'plain', 'link.connecting'],
  live: ['link', 'plain', 'link.live'],
  polling: ['retry', 'warn', 'link.polling'],
  offline: ['offline', 'bad', 'link.offline'],
};

function LinkState() {
  const { t } = useLanguage();
  const { link } = useStore(useSession().connection);
  const [icon, tone, key] = LINKS[link];
  return (
    <span className={`state tone-${tone}`} data-link={link}>
      <Icon name={icon} size={14} />
      <span>{t(key as 'link.live')}</span>
    </span>
  );
}
