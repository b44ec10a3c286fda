import { useCallback } from 'react';
import { useAsking } from './asking';
import { ChangeDialog } from './ChangeDialog';
import { InstallDialog } from './InstallDialog';
import { OfflineDialog, ProblemsDialog, SuspendDialog, UnsafeDialog } from './OtherDialogs';

/** The dialog that is open, if one is. */
export function Dialogs() {
  const { question, ask } = useAsking();
  const close = useCallback(() => ask(null), [ask]);
  switch (question?.kind) {
    case undefined:
      return null;
    case 'install':
      return <InstallDialog entry={question.entry} runtime={question.runtime} onClose={close} />;
    case 'change':
      return <ChangeDialog action={question.action} row={question.row} onClose={close} />;
    case 'suspend':
      return <SuspendDialog action={question.action} runtime={question.runtime} onClose={close} />;
    case 'unsafe':
      return <UnsafeDialog runtime={question.runtime} onClose={close} />;
    case 'problems':
      return <ProblemsDialog onClose={close} />;
    case 'offline':
      return <OfflineDialog onClose={close} />;
  }
}
