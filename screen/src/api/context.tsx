/** Hands the API to the components, so that another page can give them its own. */

import { createContext, useContext } from 'react';
import type { Api } from './client';

const Context = createContext<Api | null>(null);

export const ApiProvider = Context;

export function useApi(): Api {
  const api = useContext(Context);
  if (!api) throw new Error('There is no ApiProvider around this.');
  return api;
}
