/** Nothing there yet: what the file would say, the button that writes it, the command that does the same. */

import type { RuntimeInfo } from '../api/schema';
import { useAsk } from '../dialogs/asking';
import { useLanguage } from '../i18n/language';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';

/** A small model for each kind of server, to begin with. */
const FIRST: Readonly<Record<string, string>> = { ollama: 'qwen3:0.6b', vllm: 'Qwen/Qwen3-0.6B' };

export function EmptyRuntime({ runtime }: { readonly runtime: RuntimeInfo }) {
  const { t } = useLanguage();
  const ask = useAsk();
  const name = FIRST[runtime.kind] ?? FIRST.ollama ?? '';
  const lines = `runtimes:\n  ${runtime.name}:\n    active: ${name}\n    models:\n      - ${name}`;
  return (
    <div className="empty">
      <h4>{t('empty.title', { runtime: runtime.name })}</h4>
      <p>{t('empty.means')}</p>
      <Lines text={lines} />
      <p className="empty-ways">
        <Button kind="primary" icon="plus" onClick={() => ask({ kind: 'install', entry: null, runtime: runtime.name })}>
          {t('empty.install')}
        </Button>
        <span>{t('empty.or')}</span>
        <Command text={`venom-modeld install ${runtime.name} ${name}`} />
      </p>
    </div>
  );
}

const FIRST_FILE = `version: 1
runtimes:
  ollama:
    kind: ollama
    url: http://127.0.0.1:11434
    prune: managed
    active: qwen3:0.6b
    models:
      - qwen3:0.6b`;

export function NoRuntimes() {
  const { t } = useLanguage();
  return (
    <div className="panel empty">
      <h3>{t('empty.no_runtimes')}</h3>
      <p>{t('empty.write_one')}</p>
      <Lines text={FIRST_FILE} />
      <p className="empty-ways">
        <span>{t('empty.import')}</span>
        <Command text="venom-modeld import --kind ollama --url http://127.0.0.1:11434" />
      </p>
    </div>
  );
}

function Lines({ text }: { readonly text: string }) {
  const { t } = useLanguage();
  return (
    <div className="lines">
      <pre>{text}</pre>
      <Copy text={text} className="button button-quiet">
        {t('copy.lines')}
      </Copy>
    </div>
  );
}

export function Command({ text }: { readonly text: string }) {
  const { t } = useLanguage();
  return (
    <Copy text={text} label={t('copy.command')} className="command">
      <code>{text}</code>
    </Copy>
  );
}
