/** Asks for the token of the API, where the daemon wants one. It is kept for this tab and no longer. */

import type { SubmitEvent } from 'react';
import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/client';
import { useStatus } from '../api/queries';
import { useLanguage } from '../i18n/language';
import { useSession } from '../live/session';
import { useStore } from '../live/store';

/** Whether the daemon answers nothing without a token. */
export function useNeedsToken(): boolean {
  const { error, data } = useStatus();
  return !data && error instanceof ApiError && error.status === 401;
}

export function TokenPrompt() {
  const { t } = useLanguage();
  const { token } = useSession();
  const queries = useQueryClient();
  const sent = useStore(token);
  const [text, setText] = useState('');

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    token.set(() => text.trim());
    void queries.resetQueries();
  }

  return (
    <form className="panel token" onSubmit={submit}>
      <h2>{t('token.title')}</h2>
      <p>{t('token.means')}</p>
      {sent !== null && (
        <p className="tone-bad" role="alert">
          {t('token.wrong')}
        </p>
      )}
      <label className="field">
        <span>{t('token.word')}</span>
        <input
          type="password"
          className="mono"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="button button-primary" disabled={text.trim() === ''}>
        {t('token.send')}
      </button>
    </form>
  );
}
