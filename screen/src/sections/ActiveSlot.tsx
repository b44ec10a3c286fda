/** The active slot: which model a runtime serves, and what happens while another one takes its place. */

import type { RuntimeInfo } from '../api/schema';
import { percent } from '../format/numbers';
import { Say, useLanguage } from '../i18n/language';
import type { Slot, SlotState } from '../model/slot';
import { Ago } from '../parts/Ago';
import type { Tone } from '../parts/Badge';
import { Bar } from '../parts/Bar';
import { Copy } from '../parts/Copy';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';
import { Lasting } from '../parts/Lasting';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';

const LOOKS: Readonly<Record<SlotState, readonly [IconName, Tone]>> = {
  none: ['missing', 'plain'],
  serving: ['active', 'good'],
  switching: ['updating', 'busy'],
  waiting: ['asked', 'busy'],
  failed: ['stalled', 'bad'],
  unknown: ['unknown', 'warn'],
};

export interface ActiveSlotProps {
  readonly slot: Slot;
  readonly runtime: RuntimeInfo;
}

export function ActiveSlot({ slot, runtime }: ActiveSlotProps) {
  const { t } = useLanguage();
  const [icon, tone] = LOOKS[slot.state];
  return (
    <div className={`slot slot-${slot.state}`}>
      <p className={`slot-state state tone-${tone}`}>
        <Icon name={icon} />
        <span>{t(`slot.${slot.state}`)}</span>
      </p>
      {slot.model === null ? <p className="slot-empty">{t('slot.none_means')}</p> : <Names slot={slot} />}
      <Facts slot={slot} runtime={runtime} />
      {slot.state === 'switching' && <Step slot={slot} />}
      {(slot.state === 'failed' || slot.state === 'waiting') && slot.message && (
        <p className="slot-why">
          <Said>{slot.message}</Said>
        </p>
      )}
    </div>
  );
}

function Names({ slot }: { readonly slot: Slot }) {
  const { t } = useLanguage();
  const moving = slot.state === 'switching' || slot.state === 'waiting';
  return (
    <p className="slot-model">
      {moving && slot.from !== null && (
        <>
          <span className="slot-from">{slot.from}</span>
          <Icon name="arrow" />
          <span className="unseen">{t('slot.to')}</span>
        </>
      )}
      <strong>{slot.model}</strong>
    </p>
  );
}

function Facts({ slot, runtime }: ActiveSlotProps) {
  const { t } = useLanguage();
  const { loaded, since } = slot;
  const { alias } = runtime.active;
  const instead = slot.state === 'failed' ? slot.from : null;
  return (
    <dl className="slot-facts">
      {instead !== null && <Fact name={t('slot.instead')} value={<code>{instead}</code>} />}
      {alias !== null && (
        <Fact
          name={t('slot.alias')}
          value={
            <Copy text={alias} label={t('slot.copy_alias')}>
              <code>{alias}</code>
            </Copy>
          }
        />
      )}
      {loaded?.memory_bytes ? <Fact name={t('slot.memory')} value={<Size bytes={loaded.memory_bytes} />} /> : null}
      {loaded?.vram_bytes ? <Fact name={t('slot.vram')} value={<Size bytes={loaded.vram_bytes} />} /> : null}
      {slot.state === 'serving' && since !== null && <Fact name={t('slot.for')} value={<Lasting since={since} />} />}
    </dl>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Step({ slot }: { readonly slot: Slot }) {
  const { t, language } = useLanguage();
  const { operation } = slot;
  const progress = operation?.progress ?? null;
  return (
    <div className="slot-step">
      <Bar value={progress} label={t('slot.progress')} />
      <p>
        {operation?.phase ? t(`phase.${operation.phase}`) : t('slot.switching')}
        {progress !== null && ` · ${percent(progress, language)}`}
        {operation?.started_at && (
          <>
            {' · '}
            <Say k="operation.begun" values={{ ago: <Ago at={operation.started_at} /> }} />
          </>
        )}
      </p>
    </div>
  );
}
