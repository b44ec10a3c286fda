/** Tells by toasts what happened: what was asked for here and is done, what failed, what changed without this page. */

import { useEffect } from 'react';
import type { EventInfo } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { keyOf } from '../model/rows';
import { useSession } from './session';

/** Draws nothing. */
export function News() {
  const { t } = useLanguage();
  const { events, intents, asked, toast } = useSession();

  useEffect(() => {
    function tell(event: EventInfo): void {
      const values = { model: event.model ?? '', runtime: event.runtime ?? '' };
      const type = event.operation_type;
      const ours = asked.has(keyOf(values.runtime, values.model));
      if (event.type === 'OperationCompleted' && type && ours) toast('good', t(`told.${type}`, values));
      else if (event.type === 'OperationFailed') toast('bad', t('told.failed', values), event.message);
      else if (event.type === 'RuntimeReturned') toast('good', t('told.returned', values));
      else if (event.type === 'FileAccepted' && intents.get().length === 0) toast('plain', t('told.file'));
    }

    return events.subscribe(tell);
  }, [t, events, intents, asked, toast]);

  return null;
}
