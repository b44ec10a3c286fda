/** Makes an edit: shows at once what was asked for, and takes it back where the daemon refuses it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../api/context';
import type { WantedEdit } from '../api/edits';
import { sendEdit } from '../api/edits';
import { KEYS } from '../api/keys';
import type { ChangeAnswer, StatusAnswer } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { nextId, useSession } from '../live/session';
import type { Intent } from '../model/intents';
import { added, withdrawn } from '../model/intents';
import { keyOf } from '../model/rows';

export interface EditOrder {
  readonly edit: WantedEdit;
  /** What the person was shown: for which revision of the file, and how the runtime writes the model's name. */
  readonly shown: Pick<ChangeAnswer, 'revision' | 'model'>;
}

export function useEdit(onDone: () => void) {
  const api = useApi();
  const { t } = useLanguage();
  const { intents, asked, toast } = useSession();
  const queries = useQueryClient();

  return useMutation({
    mutationFn: ({ edit, shown }: EditOrder) => sendEdit(api, edit, shown.revision),
    onMutate: ({ edit, shown }) => {
      const id = nextId();
      const base = queries.getQueryData<StatusAnswer>(KEYS.status)?.file.attempted_revision ?? null;
      const [runtime, name] = [edit.runtime ?? '', shown.model ?? edit.name];
      const wish: Intent = { id, action: edit.action, runtime, name, base, at: Date.now() };
      const wishes = edit.active ? [wish, { ...wish, action: 'activate' as const }] : [wish];
      intents.set((now) => wishes.reduce(added, now));
      asked.add(keyOf(runtime, name));
      return { id };
    },
    onSuccess: (_, { edit }) => {
      toast('good', t(`done.${edit.action}`, { model: edit.name, runtime: edit.runtime ?? t('suspended.everything') }));
      onDone();
    },
    onError: (_, __, context) => {
      if (context) intents.set((now) => withdrawn(now, context.id));
      void queries.invalidateQueries({ queryKey: KEYS.change });
    },
  });
}
