/**
 * Speaks HTTP with the daemon and with nobody else.
 *
 * The daemon forbids storing its answers, so what a list answered last is remembered here by its ETag: a list that did
 * not change comes back as 304 and keeps its identity, and nothing is drawn again.
 */

/** An answer that is no success. `message` is the daemon's own sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The whole problem body, where there was one. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, problem: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

/** The daemon did not answer at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface SendOptions {
  readonly body?: unknown;
  /** The revision of the file that the change was made for; the daemon refuses it (409) when the file has another one. */
  readonly ifMatch?: string | null | undefined;
}

export interface Api {
  get: <T>(path: string, signal?: AbortSignal) => Promise<T>;
  send: <T>(method: 'POST' | 'DELETE', path: string, options?: SendOptions) => Promise<T>;
  /** Opens the event stream; the answer's body is read by the caller. */
  open: (path: string, lastEventId: string | null, signal: AbortSignal) => Promise<Response>;
}

export interface ApiOptions {
  /** Where the daemon is; empty for the origin of the page. */
  readonly base?: string;
  readonly token?: () => string | null;
  /** Told by how many milliseconds the daemon's clock is ahead of this one. */
  readonly onSkew?: (milliseconds: number) => void;
}

interface Remembered {
  readonly etag: string;
  readonly data: unknown;
}

export function createApi({ base = '', token = () => null, onSkew }: ApiOptions = {}): Api {
  const remembered = new Map<string, Remembered>();

  async function request(path: string, init: RequestInit, headers: Record<string, string>): Promise<Response> {
    const secret = token();
    if (secret !== null) headers.authorization = `Bearer ${secret}`;
    try {
      return await fetch(base + path, { ...init, headers, credentials: 'same-origin', redirect: 'error' });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new Unreachable('The daemon does not answer.', { cause: error });
    }
  }

  async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const known = remembered.get(path);
    const headers: Record<string, string> = known ? { 'if-none-match': known.etag } : {};
    const response = await request(path, signal ? { signal } : {}, headers);
    noteSkew(response, onSkew);
    if (response.status === 304 && known) return known.data as T;
    const data = await bodyOf(response);
    const etag = response.headers.get('etag');
    if (etag !== null) remembered.set(path, { etag, data });
    return data as T;
  }

  async function send<T>(method: string, path: string, { body, ifMatch }: SendOptions = {}): Promise<T> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (ifMatch) headers['if-match'] = `"${ifMatch}"`;
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await bodyOf(await request(path, { method, ...content }, headers))) as T;
  }

  async function open(path: string, lastEventId: string | null, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== null) headers['last-event-id'] = lastEventId;
    const response = await request(path, { signal }, headers);
    if (!response.ok) await bodyOf(response);
    return response;
  }

  return { get, send, open };
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  const data = parsed(text);
  if (response.ok) return data;
  const problem = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  const said = typeof problem.detail === 'string' ? problem.detail : response.statusText;
  throw new ApiError(response.status, said || `HTTP ${response.status}`, problem);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The Date header has whole seconds, so less than two of them are no difference. */
function noteSkew(response: Response, onSkew: ApiOptions['onSkew']): void {
  const there = Date.parse(response.headers.get('date') ?? '');
  const ahead = there - Date.now();
  if (onSkew && !Number.isNaN(there)) onSkew(Math.abs(ahead) < 2000 ? 0 : ahead);
}
