/** The page, put together. */

import { useEffect, useRef } from 'react';
import { AskingProvider, useAsking } from './dialogs/asking';
import { Dialogs } from './dialogs/Dialogs';
import { LanguageProvider, useLanguage } from './i18n/language';
import { News } from './live/news';
import { SessionProvider } from './live/session';
import { Activity } from './sections/Activity';
import { AttentionList } from './sections/AttentionList';
import { Discover } from './sections/Discover';
import { Next } from './sections/Next';
import { Runtimes } from './sections/Runtimes';
import { Toasts } from './sections/Toasts';
import { TokenPrompt, useNeedsToken } from './sections/TokenPrompt';
import { TopLine } from './sections/TopLine';

export interface AppProps {
  /** Where the daemon is; empty for the origin of the page. */
  readonly base?: string;
}

export function App({ base = '' }: AppProps) {
  return (
    <LanguageProvider>
      <SessionProvider base={base}>
        <AskingProvider>
          <Page />
          <Dialogs />
          <Toasts />
          <News />
        </AskingProvider>
      </SessionProvider>
    </LanguageProvider>
  );
}

function Page() {
  const { t } = useLanguage();
  const search = useRef<HTMLInputElement>(null);
  const needsToken = useNeedsToken();

  function goToSearch(): void {
    search.current?.focus();
    search.current?.scrollIntoView({ block: 'center' });
  }

  useSearchKey(goToSearch);

  return (
    <>
      <a className="skip" href="#content">
        {t('page.skip')}
      </a>
      <TopLine onSearch={goToSearch} />
      <main className="page" id="content" tabIndex={-1}>
        {needsToken ? (
          <TokenPrompt />
        ) : (
          <>
            <AttentionList />
            <div className="columns">
              <Runtimes />
              <div className="beside">
                <Next />
                <Activity />
              </div>
              <Discover search={search} />
            </div>
          </>
        )}
      </main>
    </>
  );
}

/** `/` goes to the search from everywhere but where one types. */
function useSearchKey(go: () => void): void {
  const { question } = useAsking();

  useEffect(() => {
    function pressed(event: KeyboardEvent): void {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (question !== null || isTyping(event.target)) return;
      event.preventDefault();
      go();
    }
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
