/** What will happen next, in order, and why. */

import { useOperations, usePlan, useStatus } from '../api/queries';
import type { BlockKind, OperationInfo, RuntimePlan, StepInfo } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { useCommands } from '../dialogs/commands';
import { Say, useLanguage } from '../i18n/language';
import { operationOf } from '../model/attention';
import { Ago } from '../parts/Ago';
import type { Tone } from '../parts/Badge';
import { Badge } from '../parts/Badge';
import { Button } from '../parts/Button';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Loading, Trouble } from '../parts/Waiting';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';

export function Next() {
  const { t } = useLanguage();
  const { data: plan, error } = usePlan();
  const ask = useAsk();
  const busy = plan?.runtimes.filter((runtime) => runtime.steps.length > 0) ?? [];
  const unsafe = busy.filter((runtime) => runtime.unsafe !== null);
  return (
    <section className="panel next" aria-labelledby="next-title">
      <header className="panel-head">
        <h2 id="next-title">{t('next.title')}</h2>
        <Totals plans={busy} />
        {unsafe.map(({ name }) => (
          <Button key={name} icon="shield" onClick={() => ask({ kind: 'unsafe', runtime: name })}>
            {t('unsafe.review')}
            <span className="unseen"> {name}</span>
          </Button>
        ))}
      </header>
      {!plan && (error ? <Trouble error={error} /> : <Loading lines={2} />)}
      {plan && busy.length === 0 && <Nothing />}
      {busy.map((runtime) => (
        <RuntimeSteps key={runtime.name} plan={runtime} alone={plan?.runtimes.length === 1} />
      ))}
    </section>
  );
}

function Totals({ plans }: { readonly plans: readonly RuntimePlan[] }) {
  const sum = (pick: (plan: RuntimePlan) => number | null) => plans.reduce((all, plan) => all + (pick(plan) ?? 0), 0);
  const [coming, going] = [sum((plan) => plan.install_bytes), sum((plan) => plan.freed_bytes)];
  return (
    <p className="panel-facts">
      {coming > 0 && (
        <span>
          <Say k="next.to_download" values={{ size: <Size bytes={coming} /> }} />
        </span>
      )}
      {going > 0 && (
        <span>
          <Say k="next.to_free" values={{ size: <Size bytes={going} /> }} />
        </span>
      )}
    </p>
  );
}

function Nothing() {
  const { t } = useLanguage();
  const { data: status } = useStatus();
  const lost = status?.runtimes.some((runtime) => runtime.reachable !== true);
  const seen = status?.runtimes.map((runtime) => runtime.observed_at).filter((at) => at !== null) ?? [];
  const oldest = seen.toSorted().at(0) ?? null;
  return (
    <p className="quiet">
      {lost ? t('next.unknown') : t('next.nothing')}{' '}
      {oldest !== null && <Say k="next.checked" values={{ ago: <Ago at={oldest} /> }} />}
    </p>
  );
}

function RuntimeSteps({ plan, alone }: { readonly plan: RuntimePlan; readonly alone: boolean }) {
  const operations = useOperations().data?.operations ?? [];
  return (
    <>
      {!alone && <h3 className="steps-runtime">{plan.name}</h3>}
      <ol className="steps">
        {plan.steps.map((step) => (
          <Step key={step.key} step={step} operations={operations} />
        ))}
      </ol>
    </>
  );
}

const BLOCKS: Readonly<Record<BlockKind, readonly [IconName, Tone]>> = {
  stalled: ['stalled', 'bad'],
  backoff: ['retry', 'warn'],
  held: ['held', 'warn'],
  unsafe: ['shield', 'bad'],
  suspended: ['held', 'plain'],
};

export const OPERATION_ICONS: Readonly<Record<StepInfo['operation'], IconName>> = {
  install: 'download',
  update: 'updating',
  remove: 'removing',
  activate: 'active',
  deactivate: 'stop',
};

interface StepProps {
  readonly step: StepInfo;
  readonly operations: readonly OperationInfo[];
}

function Step({ step, operations }: StepProps) {
  const { t } = useLanguage();
  const { block } = step;
  const id = operationOf(step, operations);
  const running = operations.some((one) => one.operation_id === id && one.status === 'in_progress');
  return (
    <li className="step">
      <Icon name={OPERATION_ICONS[step.operation]} />
      <div className="step-what">
        <p>
          <span>{t(`operation.${step.operation}`)}</span> <code>{step.model}</code>{' '}
          {running && <Badge tone="busy">{t('next.now')}</Badge>}
          {block && <Block block={block.kind} />}
        </p>
        <p className="step-why dim" title={block?.message}>
          <Said>{block && block.kind !== 'unsafe' ? block.message : step.reason}</Said>
          {block?.until && (
            <>
              {' '}
              <Say k="next.again" values={{ ago: <Ago at={block.until} /> }} />
            </>
          )}
        </p>
      </div>
      <span className="step-size">{step.size_bytes !== null && <Size bytes={step.size_bytes} />}</span>
      {block && RETRIED.has(block.kind) && <Retry id={id} model={step.model} />}
    </li>
  );
}

function Block({ block }: { readonly block: BlockKind }) {
  const { t } = useLanguage();
  const [icon, tone] = BLOCKS[block];
  return (
    <Badge icon={icon} tone={tone}>
      {t(`block.${block}`)}
    </Badge>
  );
}

/** What a retry ends. An approval and a resumption are asked for where they are told. */
const RETRIED: ReadonlySet<BlockKind> = new Set(['stalled', 'backoff', 'held']);

function Retry({ id, model }: { readonly id: string; readonly model: string }) {
  const { t } = useLanguage();
  const { retry } = useCommands();
  return (
    <Button kind="quiet" icon="retry" busy={retry.isPending} onClick={() => retry.mutate(id)}>
      {t('operation.retry')}
      <span className="unseen"> {model}</span>
    </Button>
  );
}
