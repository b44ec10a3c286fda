/** Which dialog is open. There is one at a time. */

import type { ReactNode } from 'react';
import { createContext, useContext, useMemo, useState } from 'react';
import type { CatalogueEntry } from '../api/schema';
import type { ModelAction } from '../model/actions';
import type { Row } from '../model/rows';

export type Question =
  | { readonly kind: 'install'; readonly entry: CatalogueEntry | null; readonly runtime?: string }
  | { readonly kind: 'change'; readonly action: ModelAction; readonly row: Row }
  | { readonly kind: 'suspend'; readonly action: 'suspend' | 'resume'; readonly runtime: string | null }
  | { readonly kind: 'unsafe'; readonly runtime: string }
  | { readonly kind: 'problems' }
  | { readonly kind: 'offline' };

interface Asking {
  readonly question: Question | null;
  readonly ask: (question: Question | null) => void;
}

const Context = createContext<Asking | null>(null);

export function AskingProvider({ children }: { readonly children: ReactNode }) {
  const [question, ask] = useState<Question | null>(null);
  const asking = useMemo(() => ({ question, ask }), [question]);
  return <Context value={asking}>{children}</Context>;
}

export function useAsking(): Asking {
  const asking = useContext(Context);
  if (!asking) throw new Error('There is no AskingProvider around this.');
  return asking;
}

export function useAsk(): Asking['ask'] {
  return useAsking().ask;
}
