/** Asks before a model's entry in the file is changed: what for, which lines, and what follows. */

import { useState } from 'react';
import type { WantedEdit } from '../api/edits';
import { useChange } from '../api/queries';
import type { ChangeAnswer } from '../api/schema';
import { Say, useLanguage } from '../i18n/language';
import type { ModelAction } from '../model/actions';
import type { Row } from '../model/rows';
import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { Size } from '../parts/Size';
import { useEdit } from './editing';
import { Confirm, Preview, Problem, Room } from './Preview';

export interface ChangeDialogProps {
  readonly action: ModelAction;
  readonly row: Row;
  readonly onClose: () => void;
}

export function ChangeDialog({ action, row, onClose }: ChangeDialogProps) {
  const { t } = useLanguage();
  const [follow, setFollow] = useState(true);
  const order = useEdit(onClose);
  const edit: WantedEdit = {
    action,
    runtime: row.runtime,
    name: row.name,
    ...(action === 'update' && { update: follow ? 'always' : 'never' }),
  };
  const { data: change, error } = useChange(edit);
  return (
    <Dialog
      wide
      title={<Say k={`ask.${action}`} values={{ model: <code>{row.name}</code>, runtime: row.runtime }} />}
      onClose={onClose}
      actions={
        <Confirm
          edit={edit}
          change={change}
          order={order}
          label={`confirm.${action}`}
          kind={action === 'remove' ? 'danger' : 'primary'}
          onClose={onClose}
        />
      }
    >
      <p>{t(`means.${action}`)}</p>
      {action === 'remove' && <Removal row={row} change={change} />}
      {action === 'activate' && change && !change.installed && <Room change={change} />}
      {action === 'update' && follow && change?.changed === false && (
        <p>
          {t('update.follows')} <Button onClick={() => setFollow(false)}>{t('update.stop')}</Button>
        </p>
      )}
      <Preview change={change} error={error} />
      {order.error && <Problem error={order.error} />}
    </Dialog>
  );
}

function Removal({ row, change }: { readonly row: Row; readonly change: ChangeAnswer | undefined }) {
  const { t } = useLanguage();
  if (!change) return null;
  const freed = change.freed_bytes ?? row.sizeBytes;
  return (
    <ul className="consequences">
      <li>
        {freed === 0 ? t('removal.frees_nothing') : <Say k="removal.frees" values={{ size: <Size bytes={freed} /> }} />}
      </li>
      <li className={row.active ? 'tone-bad' : undefined}>
        {row.active ? t('removal.is_active', { runtime: row.runtime }) : t('removal.is_not_active')}
      </li>
    </ul>
  );
}
