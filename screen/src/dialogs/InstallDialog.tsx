/** Asks what to install: which version, on which runtime, with how much room, and which lines that writes. */

import { useId, useState } from 'react';
import type { WantedEdit } from '../api/edits';
import { useChange, useRuntimes, useTags } from '../api/queries';
import type { CatalogueEntry, ChangeAnswer, RuntimeInfo } from '../api/schema';
import { Say, useLanguage } from '../i18n/language';
import { isSameTag, tagOf, withTag } from '../model/catalogue';
import { useSettled } from '../live/settled';
import { Badge } from '../parts/Badge';
import { Dialog } from '../parts/Dialog';
import { Icon } from '../parts/Icon';
import { Said } from '../parts/Said';
import { Size } from '../parts/Size';
import { useEdit } from './editing';
import { Confirm, Preview, Problem, Room } from './Preview';

export interface InstallDialogProps {
  /** What a catalogue offers; null for a name that is typed. */
  readonly entry: CatalogueEntry | null;
  readonly runtime?: string | undefined;
  readonly onClose: () => void;
}

const FIRST = 'qwen3:0.6b';
const TYPING_MS = 250;

export function InstallDialog({ entry, runtime: wanted, onClose }: InstallDialogProps) {
  const { t } = useLanguage();
  const runtimes = useRuntimes().data?.runtimes ?? [];
  const [name, setName] = useState(entry?.model_name ?? FIRST);
  const [revision, setRevision] = useState('');
  const [runtime, setRuntime] = useState(wanted ?? firstFor(entry, runtimes));
  const [active, setActive] = useState(false);
  const order = useEdit(onClose);
  const edit: WantedEdit = {
    action: 'install',
    name: name.trim(),
    runtime,
    ...(entry && { provider: entry.provider }),
    ...(active && { active }),
    ...(revision.trim() !== '' && { revision: revision.trim() }),
  };
  const settled = useSettled(edit, TYPING_MS);
  const { data: change, error } = useChange(settled.name === '' ? null : settled);
  const known = useTags(entry).data?.models ?? [];
  const expected = [...known, entry].find((one) => one && isSameTag(one.model_name, edit.name))?.size_bytes ?? null;
  const repository = entry?.provider === 'huggingface' && entry.runtime === 'vllm';
  return (
    <Dialog
      wide
      title={
        entry ? <Say k="ask.install" values={{ model: <code>{entry.display_name}</code> }} /> : t('ask.install_any')
      }
      onClose={onClose}
      actions={
        <Confirm
          edit={edit}
          change={error ? undefined : change}
          order={order}
          label="confirm.install"
          onClose={onClose}
        />
      }
    >
      {entry?.gated && <Gated entry={entry} />}
      {entry ? <Versions entry={entry} name={name} onChoose={setName} /> : <NameField name={name} onChange={setName} />}
      {repository && <RevisionField revision={revision} onChange={setRevision} />}
      <RuntimeChoice runtimes={runtimes} change={change} chosen={runtime} onChoose={setRuntime} />
      <label className="check">
        <input type="checkbox" checked={active} onChange={(event) => setActive(event.target.checked)} />
        <span>{t('install.activate')}</span>
      </label>
      {change?.changed && !error && <Room change={change} expected={expected} />}
      <Preview change={change} error={error} />
      {order.error && <Problem error={order.error} />}
    </Dialog>
  );
}

function firstFor(entry: CatalogueEntry | null, runtimes: readonly RuntimeInfo[]): string | null {
  const able = runtimes.filter((runtime) => !entry || runtime.kind === entry.runtime);
  return (able[0] ?? runtimes[0])?.name ?? null;
}

function Gated({ entry }: { readonly entry: CatalogueEntry }) {
  const { t } = useLanguage();
  return (
    <div className="notice notice-warn">
      <Icon name="kept" />
      <div className="notice-text">
        {t('card.gated_means')} {entry.url && <code>{entry.url}</code>}
      </div>
    </div>
  );
}

interface VersionsProps {
  readonly entry: CatalogueEntry;
  readonly name: string;
  readonly onChoose: (name: string) => void;
}

/** The versions that the catalogue knows, else the sizes of the card; and any other may be typed. */
function Versions({ entry, name, onChoose }: VersionsProps) {
  const { t } = useLanguage();
  const { data, isLoading } = useTags(entry);
  const known = data?.models ?? [];
  // In Ollama's library the sizes are tags too; on the Hub they are only numbers.
  const guessed = entry.provider === 'ollama' ? entry.sizes.map((size) => withTag(entry.model_name, size)) : [];
  const names = known.length > 0 ? known.map((one) => one.model_name) : [entry.model_name, ...guessed];
  const group = useId();
  return (
    <fieldset className="choice">
      <legend>{t('install.version')}</legend>
      <div className="versions">
        {[...new Set(names)].map((one) => (
          <label key={one} className="version">
            <input type="radio" name={group} checked={isSameTag(one, name)} onChange={() => onChoose(one)} />
            <code>{labelOf(one, entry)}</code>
            <VersionFacts version={known.find((tag) => tag.model_name === one)} />
          </label>
        ))}
      </div>
      {isLoading && <p className="dim">{t('install.looking')}</p>}
      {data?.error && known.length === 0 && (
        <p className="dim" title={data.error}>
          {t('install.no_versions')}
        </p>
      )}
      <NameField name={name} onChange={onChoose} />
    </fieldset>
  );
}

function VersionFacts({ version }: { readonly version: CatalogueEntry | undefined }) {
  const { t } = useLanguage();
  if (!version) return null;
  return (
    <>
      {version.size_bytes !== null && <Size bytes={version.size_bytes} />}
      {version.installed && <Badge tone="good">{t('card.installed')}</Badge>}
      {version.fits === false && <Badge tone="warn">{t('card.too_large')}</Badge>}
    </>
  );
}

function labelOf(name: string, entry: CatalogueEntry): string {
  return entry.provider === 'ollama' ? tagOf(name) || 'latest' : tagOf(name) || name;
}

interface FieldProps {
  readonly name: string;
  readonly onChange: (name: string) => void;
}

function NameField({ name, onChange }: FieldProps) {
  const { t } = useLanguage();
  return (
    <label className="field">
      <span>{t('install.name')}</span>
      <input
        className="mono"
        value={name}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

interface RevisionFieldProps {
  readonly revision: string;
  readonly onChange: (revision: string) => void;
}

function RevisionField({ revision, onChange }: RevisionFieldProps) {
  const { t } = useLanguage();
  return (
    <label className="field">
      <span>{t('install.revision')}</span>
      <input
        className="mono"
        value={revision}
        placeholder="main"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

interface RuntimeChoiceProps {
  readonly runtimes: readonly RuntimeInfo[];
  readonly change: ChangeAnswer | undefined;
  readonly chosen: string | null;
  readonly onChoose: (runtime: string) => void;
}

/** The runtimes that can serve it; the others are named with the reason. */
function RuntimeChoice({ runtimes, change, chosen, onChoose }: RuntimeChoiceProps) {
  const { t } = useLanguage();
  const group = useId();
  return (
    <fieldset className="choice">
      <legend>{t('install.runtime')}</legend>
      {runtimes.map(({ name, kind }) => {
        const refused = change?.choices.find((one) => one.runtime === name)?.refused ?? null;
        return (
          <label key={name} className="runtime-choice">
            <input
              type="radio"
              name={group}
              checked={name === chosen}
              disabled={refused !== null && name !== chosen}
              onChange={() => onChoose(name)}
            />
            <span>
              {name} <span className="dim">{kind}</span>
              {refused !== null && (
                <span className="refused">
                  <Said>{refused}</Said>
                </span>
              )}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
