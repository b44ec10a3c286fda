/** Language and colours: two choices of taste that are remembered. */

import { useEffect, useState } from 'react';
import type { Language } from '../format/numbers';
import { LANGUAGES, useLanguage } from '../i18n/language';
import { recall, remember } from '../live/memory';
import type { IconName } from '../parts/Icon';
import { Icon } from '../parts/Icon';

const THEMES = { system: 'system', light: 'sun', dark: 'moon' } as const satisfies Record<string, IconName>;
type Theme = keyof typeof THEMES;

export function Choices() {
  return (
    <div className="choices">
      <LanguageChoice />
      <ThemeChoice />
    </div>
  );
}

function LanguageChoice() {
  const { language, choose, t } = useLanguage();
  return (
    <div className="segments" role="group" aria-label={t('choice.language')}>
      {(Object.keys(LANGUAGES) as Language[]).map((one) => (
        <button
          key={one}
          type="button"
          lang={one}
          title={LANGUAGES[one]}
          aria-pressed={one === language}
          onClick={() => choose(one)}
        >
          {one.toUpperCase()}
          <span className="unseen"> {LANGUAGES[one]}</span>
        </button>
      ))}
    </div>
  );
}

function ThemeChoice() {
  const { t } = useLanguage();
  const [theme, setTheme] = useState<Theme>(firstTheme);

  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    remember('theme', theme === 'system' ? null : theme);
  }, [theme]);

  return (
    <div className="segments" role="group" aria-label={t('choice.theme')}>
      {(Object.keys(THEMES) as Theme[]).map((one) => (
        <button
          key={one}
          type="button"
          title={t(`theme.${one}`)}
          aria-label={t(`theme.${one}`)}
          aria-pressed={one === theme}
          onClick={() => setTheme(one)}
        >
          <Icon name={THEMES[one]} size={14} />
        </button>
      ))}
    </div>
  );
}

function firstTheme(): Theme {
  const remembered = recall('theme');
  return remembered === 'light' || remembered === 'dark' ? remembered : 'system';
}
