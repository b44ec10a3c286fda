import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, createApi, Unreachable } from './client';
import { changePath, sendEdit } from './edits';

let handle: (request: IncomingMessage, response: ServerResponse) => void;
let base = '';
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(pieces).toString() });
    handle(request, response);
  });
});

beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  seen = [];
});

describe('reading', () => {
  it('asks again with the ETag, and keeps the identity of what did not change', async () => {
    handle = (request, response) => {
      const known = request.headers['if-none-match'] === '"1"';
      response.writeHead(known ? 304 : 200, { etag: '"1"' }).end(known ? undefined : '{"a":1}');
    };
    const api = createApi({ base });
    const first = await api.get('/a');
    expect(await api.get('/a')).toBe(first);
    expect(seen[1]?.headers['if-none-match']).toBe('"1"');
  });

  it('tells the detail of a problem', async () => {
    handle = (_, response) => response.writeHead(403).end('{"detail":"not from here","diff":"+ a"}');
    const error = await createApi({ base })
      .get('/a')
      .catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 403, message: 'not from here', problem: { diff: '+ a' } });
  });

  it('tells the status where there is no problem body', async () => {
    handle = (_, response) => response.writeHead(502).end('<html>');
    await expect(createApi({ base }).get('/a')).rejects.toThrow('Bad Gateway');
  });

  it('tells a daemon that does not answer from one that refuses', async () => {
    await expect(createApi({ base: 'http://127.0.0.1:1' }).get('/a')).rejects.toBeInstanceOf(Unreachable);
  });

  it('sends the token, and notes a clock that is ahead', async () => {
    handle = (_, response) => response.writeHead(200, { date: new Date(Date.now() + 60_000).toUTCString() }).end('{}');
    let ahead = 0;
    const api = createApi({ base, token: () => 'secret', onSkew: (skew) => (ahead = skew) });
    await api.get('/a');
    expect(seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(ahead).toBeGreaterThan(50_000);
  });

  it('is given up when it is told to', async () => {
    handle = () => undefined;
    const end = new AbortController();
    const asked = createApi({ base }).get('/a', end.signal);
    end.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the stream', () => {
  it('goes on after the last id', async () => {
    handle = (_, response) => response.writeHead(200).end('data: 1\n\n');
    const response = await createApi({ base }).open('/events', '5-1', new AbortController().signal);
    expect(await response.text()).toBe('data: 1\n\n');
    expect(seen.at(-1)?.headers).toMatchObject({ 'last-event-id': '5-1', accept: 'text/event-stream' });
  });

  it('that is refused is an error', async () => {
    handle = (_, response) => response.writeHead(503).end('{"detail":"too many readers"}');
    const asked = createApi({ base }).open('/events', null, new AbortController().signal);
    await expect(asked).rejects.toThrow('too many readers');
  });
});

describe('edits', () => {
  const edit = { action: 'install', runtime: 'ollama', name: 'hf.co/a/b:Q4' } as const;

  beforeEach(() => {
    handle = (_, response) => response.writeHead(200).end('{}');
  });

  it('are asked about with everything that they say', () => {
    expect(changePath({ ...edit, active: true, revision: 'main', provider: 'huggingface' })).toBe(
      '/api/v1/desired/change?action=install&runtime=ollama&name=hf.co%2Fa%2Fb%3AQ4&provider=huggingface&active=true&revision=main',
    );
    expect(changePath({ action: 'suspend', runtime: null, name: '' })).toBe('/api/v1/desired/change?action=suspend');
    expect(changePath({ action: 'update', runtime: 'o', name: 'a', update: 'never' })).toContain('update=never');
  });

  it.each([
    [{ ...edit, active: true }, 'POST', '/api/v1/models/registry/install', { active: true }],
    [{ ...edit, action: 'activate' }, 'POST', '/api/v1/models/activate', {}],
    [{ ...edit, action: 'keep' }, 'POST', '/api/v1/models/keep', {}],
    [{ ...edit, action: 'update' }, 'POST', '/api/v1/models/update', { update: 'always' }],
  ] as const)('%o is sent by its own call', async (wanted, method, url, more) => {
    await sendEdit(createApi({ base }), wanted, 'sha256:1');
    expect(seen[0]).toMatchObject({ method, url, headers: { 'if-match': '"sha256:1"' } });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ name: edit.name, runtime: 'ollama', ...more });
  });

  it('take a model out by its encoded name', async () => {
    await sendEdit(createApi({ base }), { ...edit, action: 'remove' }, null);
    expect(seen[0]).toMatchObject({
      method: 'DELETE',
      url: '/api/v1/models/registry/hf.co%2Fa%2Fb%3AQ4?runtime=ollama',
    });
    expect(seen[0]?.headers['if-match']).toBeUndefined();
  });

  it('of a runtime name it alone', async () => {
    await sendEdit(createApi({ base }), { action: 'suspend', runtime: 'ollama', name: '' }, null);
    expect(seen[0]).toMatchObject({ url: '/api/v1/desired/suspend', body: '{"runtime":"ollama"}' });
  });
});
