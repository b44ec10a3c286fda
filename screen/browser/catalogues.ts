/** A stand-in for ollama.com and for the Hub: a few models of our own, in the forms that the real ones have. */

import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Catalogues {
  readonly url: string;
  /** Whether it answers; otherwise it says that it cannot. */
  setOnline: (online: boolean) => void;
  close: () => Promise<void>;
}

export async function startCatalogues(): Promise<Catalogues> {
  let online = true;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://catalogues');
    if (online) answer(url, response);
    else response.writeHead(503).end('closed');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    setOnline: (now) => {
      online = now;
    },
    close: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

function answer(url: URL, response: ServerResponse): void {
  const { pathname, searchParams } = url;
  const words = (searchParams.get('q') ?? searchParams.get('search') ?? '').toLowerCase();
  if (pathname === '/api/models') {
    json(
      response,
      REPOSITORIES.filter((one) => one.id.toLowerCase().includes(words)),
    );
    return;
  }
  const tags = /^\/library\/([^/]+)\/tags$/.exec(pathname);
  const model = LIBRARY.find((one) => one.name === tags?.[1]);
  if (model) html(response, tagPage(model));
  else if (pathname !== '/search' && pathname !== '/library') response.writeHead(404).end();
  else
    html(
      response,
      LIBRARY.filter((one) => one.name.includes(words))
        .map(card)
        .join('\n'),
    );
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function html(response: ServerResponse, list: string): void {
  const page = `<!doctype html><html><head><title>Ollama</title></head><body><main><ul>${list}</ul></main></body></html>`;
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

interface LibraryModel {
  readonly name: string;
  readonly about: string;
  readonly can: readonly string[];
  readonly sizes: readonly string[];
  readonly pulls: string;
  readonly ago: string;
  readonly moment: string;
}

function card({ name, about, can, sizes, pulls, ago, moment }: LibraryModel): string {
  const chips = [...can, ...sizes].map((chip) => `<span>${chip}</span>`).join('');
  const numbers =
    `<span><span>${pulls}</span><span>&nbsp;Pulls</span></span>` +
    `<span title="${moment}"><span>Updated&nbsp;</span><span>${ago}</span></span>`;
  const head = `<div title="${name}"><h2><span>${name}</span></h2><p>${about}</p></div>`;
  return `<li><a href="/library/${name}">${head}<div><div>${chips}</div><p>${numbers}</p></div></a></li>`;
}

/** The versions of a model. Each stands twice on the page, for narrow and for wide screens. */
function tagPage({ name, about, sizes }: LibraryModel): string {
  const rows = ['latest', ...sizes].map((tag, index) => {
    const facts = `${index + 1}.1GB • 32K context window • <span>Text input • 2 weeks ago</span>`;
    const narrow = `<a href="/library/${name}:${tag}"><span>${name}:${tag}</span><div><span>0123456789ab • ${facts}</span></div></a>`;
    const wide = `<div><a href="/library/${name}:${tag}">${name}:${tag}</a><p>${index + 1}.1GB</p><p>32K</p></div>`;
    return `<div>${narrow}${wide}</div>`;
  });
  return `<a href="/library/${name}" title="${name}">${name}</a><p>${about}</p>${rows.join('')}`;
}

/** Those whose names the stand-in's registry knows can be installed. */
const LIBRARY: readonly LibraryModel[] = [
  {
    name: 'qwen3',
    about: 'A family of models that think before they answer, from small enough for a phone to a mixture of experts.',
    can: ['tools', 'thinking'],
    sizes: ['0.6b', '1.7b', '8b'],
    pulls: '31.4M',
    ago: '2 weeks ago',
    moment: 'Nov 8, 2026 9:12 AM UTC',
  },
  {
    name: 'gemma3',
    about: 'Small models that read pictures too and run on a single GPU.',
    can: ['vision'],
    sizes: ['270m', '4b'],
    pulls: '33.9M',
    ago: '4 months ago',
    moment: 'Jul 14, 2026 4:54 PM UTC',
  },
  {
    name: 'deepseek-r1',
    about: 'Models for reasoning, distilled from a much larger one.',
    can: ['tools', 'thinking'],
    sizes: ['1.5b'],
    pulls: '81.2M',
    ago: '8 months ago',
    moment: 'Mar 2, 2026 7:40 AM UTC',
  },
  {
    name: 'qwen2.5-coder',
    about: 'Writes, mends and explains code.',
    can: ['tools'],
    sizes: ['7b'],
    pulls: '12.8M',
    ago: '1 year ago',
    moment: 'Nov 3, 2025 1:20 PM UTC',
  },
  {
    name: 'nomic-embed-text',
    about: 'Text embeddings with a long context.',
    can: ['embedding'],
    sizes: [],
    pulls: '58.3M',
    ago: '2 years ago',
    moment: 'Feb 1, 2024 12:06 AM UTC',
  },
  {
    name: 'smollm2',
    about: 'Three very small models that run everywhere.',
    can: ['tools'],
    sizes: ['135m'],
    pulls: '3.6M',
    ago: '1 year ago',
    moment: 'Oct 31, 2025 2:14 PM UTC',
  },
];

function repository(
  id: string,
  more: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> & { id: string } {
  return {
    id,
    modelId: id,
    gated: false,
    private: false,
    pipeline_tag: 'text-generation',
    tags: ['transformers', 'safetensors', 'text-generation', 'conversational', 'license:apache-2.0'],
    downloads: 0,
    likes: 0,
    lastModified: '2026-11-01T10:00:00.000Z',
    ...more,
  };
}

const REPOSITORIES = [
  repository('Qwen/Qwen3-0.6B', {
    downloads: 6_412_000,
    likes: 812,
    safetensors: { parameters: { BF16: 751_632_384 }, total: 751_632_384 },
  }),
  repository('acme/Heron-70B-Instruct', {
    downloads: 184_000,
    likes: 1204,
    gated: 'manual',
    safetensors: { parameters: { BF16: 70_553_706_496 }, total: 70_553_706_496 },
  }),
  repository('bartowski/Llama-3.2-1B-Instruct-GGUF', {
    downloads: 92_400,
    likes: 131,
    tags: ['gguf', 'text-generation', 'license:llama3.2'],
    gguf: { total: 1_235_814_432, architecture: 'llama', context_length: 131_072 },
  }),
  repository('acme/Wren-3B', {
    downloads: 45_100,
    likes: 96,
    lastModified: '2026-11-20T08:00:00.000Z',
    safetensors: { parameters: { BF16: 3_085_938_688 }, total: 3_085_938_688 },
  }),
  repository('acme/Roc-9T', {
    downloads: 310,
    likes: 77,
    safetensors: { parameters: { BF16: 9_000_000_000_000 }, total: 9_000_000_000_000 },
  }),
];
