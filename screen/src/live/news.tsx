/** Tells by toasts what happened: what was asked for here and is done, what failed, what changed without this page. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { KEYS } from '../api/keys';
import type { EventInfo, OperationInfo, OperationsAnswer } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { keyOf } from '../model/rows';
import { useSession } from './session';

/** Draws nothing. */
export function News() {
  const { t } = useLanguage();
  const { events, intents, asked, toast } = useSession();
  const queries = useQueryClient();

  useEffect(() => {
    function about(event: EventInfo): OperationInfo | undefined {
      const known = queries.getQueryData<OperationsAnswer>(KEYS.operations)?.operations ?? [];
      return known.find((one) => one.operation_id === event.operation_id);
    }

    function tell(event: EventInfo): void {
      const values = { model: event.model ?? '', runtime: event.runtime ?? '' };
      const type = about(event)?.operation_type;
      const ours = asked.has(keyOf(values.runtime, values.model));
      if (event.type === 'OperationCompleted' && type && ours) toast('good', t(`told.${type}`, values));
      else if (event.type === 'OperationFailed') toast('bad', t('told.failed', values), event.message);
      else if (event.type === 'RuntimeReturned') toast('good', t('told.returned', values));
      else if (event.type === 'FileAccepted' && intents.get().length === 0) toast('plain', t('told.file'));
    }

    return events.subscribe(tell);
  }, [t, events, intents, asked, toast, queries]);

  return null;
}
