/** The writing calls that do not change the file: approve, cancel, retry. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../api/context';
import { KEYS } from '../api/keys';
import type { ApproveAnswer, CommandAnswer } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { useSession } from '../live/session';

/** The commands; each says by a toast how it went. */
export function useCommands() {
  const api = useApi();
  const { t } = useLanguage();
  const { toast } = useSession();
  const queries = useQueryClient();

  const told = {
    onError: (error: Error) => toast('bad', t('command.failed'), error.message),
    onSettled: () => Promise.all(KEYS.lists.map((queryKey) => queries.invalidateQueries({ queryKey }))),
  };

  const of = (id: string, command: string) =>
    api.send<CommandAnswer>('POST', `/api/v1/models/operations/${encodeURIComponent(id)}/${command}`);

  const cancel = useMutation({
    ...told,
    mutationFn: (id: string) => of(id, 'cancel'),
    onSuccess: () => toast('plain', t('command.cancelled')),
  });
  const retry = useMutation({
    ...told,
    mutationFn: (id: string) => of(id, 'retry'),
    onSuccess: () => toast('plain', t('command.retried')),
  });
  const approve = useMutation({
    ...told,
    mutationFn: (digest: string) => api.send<ApproveAnswer>('POST', '/api/v1/plan/approve', { body: { digest } }),
    onSuccess: (answer) =>
      toast('good', t('command.approved', { count: answer.models.length, runtime: answer.runtime })),
  });
  return { cancel, retry, approve };
}
