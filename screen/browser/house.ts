/**
 * Everything that the page is tested on, as real processes: the daemon, the stand-in for Ollama that it manages, and a
 * stand-in for the catalogues. Each test has its own, with its own file.
 */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Catalogues } from './catalogues';
import { startCatalogues } from './catalogues';

const PROGRAM = process.env.VENOM_MODELD_PROGRAM ?? resolve(import.meta.dirname, '../../.venv/bin/venom-modeld');

export interface HouseOptions {
  /** The models of models.yaml, as they stand in the list. */
  readonly models?: readonly string[];
  /** More keys of the runtime. */
  readonly runtime?: readonly string[];
  /** Models that are on the disk before the daemon starts. */
  readonly installed?: readonly string[];
  /** More settings, as the environment writes them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What every caller of the API must send. */
  readonly token?: string;
  /** Whether the Hub is asked too, which takes a process of its own; pictures show it always. */
  readonly hub?: boolean;
  /** Positions of the fault dial from the start. */
  readonly faults?: Readonly<Record<string, unknown>>;
}

interface Addresses {
  readonly ollama: string;
  readonly registry: string;
  readonly control: string;
}

export class House {
  readonly file: string;
  readonly catalogues: Catalogues;
  /** Where the daemon answers. */
  url = '';
  private readonly folder: string;
  private readonly options: HouseOptions;
  private readonly started: ChildProcess[] = [];
  private daemon: ChildProcess | null = null;
  private addresses: Addresses = { ollama: '', registry: '', control: '' };

  private constructor(folder: string, options: HouseOptions, catalogues: Catalogues) {
    this.folder = folder;
    this.file = join(folder, 'models.yaml');
    this.options = options;
    this.catalogues = catalogues;
  }

  static async open(options: HouseOptions = {}): Promise<House> {
    const folder = await mkdtemp(join(tmpdir(), 'screen-'));
    const house = new House(folder, options, await startCatalogues());
    try {
      await house.begin();
    } catch (error) {
      await house.close();
      throw error;
    }
    return house;
  }

  private async begin(): Promise<void> {
    await this.startSandbox();
    for (const name of this.options.installed ?? []) await this.control('POST', '/install', { name });
    if (this.options.faults) await this.faults(this.options.faults);
    await this.write(this.yaml(this.options.models ?? []));
    await this.startDaemon();
  }

  private async startSandbox(): Promise<void> {
    const command = ['sandbox', '--format', 'json', '--with-parent', '--ollama-port', '0', '--rate', '1e12'];
    const child = this.spawn(command, {});
    const line = await firstLine(child, () => true);
    this.addresses = JSON.parse(line) as Addresses;
  }

  /** Starts the daemon, at the address that it had before if it had one. */
  async startDaemon(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    const command = ['run', '--file', this.file, '--state-dir', join(this.folder, 'state')];
    this.daemon = this.spawn([...command, '--listen', listen, '--format', 'json'], {
      VENOM_MODELD_REGISTRY_URL: this.addresses.registry,
      VENOM_MODELD_INTERVAL: '1s',
      VENOM_MODELD_RETRY_FIRST: '1s',
      VENOM_MODELD_TRENDING_OLLAMA_URL: this.catalogues.url,
      HF_ENDPOINT: this.catalogues.url,
      HF_HUB_OFFLINE: this.options.hub || process.env.VENOM_MODELD_PICTURES ? '0' : '1',
      ...(await this.tokenSetting()),
      ...this.options.environment,
    });
    const line = await firstLine(this.daemon, (text) => text.includes('"address"'));
    this.url = (JSON.parse(line) as { address: string }).address;
  }

  async stopDaemon(): Promise<void> {
    if (this.daemon) await ended(this.daemon);
  }

  private async tokenSetting(): Promise<Readonly<Record<string, string>>> {
    if (this.options.token === undefined) return {};
    const file = join(this.folder, 'token');
    await writeFile(file, this.options.token);
    return { VENOM_MODELD_API_TOKEN_FILE: file };
  }

  private spawn(args: readonly string[], more: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(PROGRAM, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...more } });
    this.started.push(child);
    return child;
  }

  /** A models.yaml with one runtime. */
  yaml(models: readonly string[], runtime: readonly string[] = this.options.runtime ?? ['prune: managed']): string {
    const keys = ['kind: ollama', `url: ${this.addresses.ollama}`, ...runtime].map((key) => `    ${key}\n`).join('');
    const list = models.map((model) => `      - ${model}\n`).join('');
    return `version: 1\nruntimes:\n  ollama:\n${keys}    models:${list === '' ? ' []\n' : `\n${list}`}`;
  }

  /** Puts another content in the place of models.yaml, as a person's editor does. */
  async write(text: string): Promise<void> {
    const next = `${this.file}.new`;
    await writeFile(next, text);
    await rename(next, this.file);
  }

  read(): Promise<string> {
    return readFile(this.file, 'utf8');
  }

  /** Asks the daemon. */
  async get<T>(path: string): Promise<T> {
    return (await (await fetch(this.url + path)).json()) as T;
  }

  /** Sets positions of the fault dial. */
  async faults(positions: Readonly<Record<string, unknown>>): Promise<void> {
    await this.control('PATCH', '/faults', positions);
  }

  /** Talks to the control port of the stand-in. */
  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.addresses.control + path, { method, ...content });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  }

  async close(): Promise<void> {
    await Promise.all(this.started.toReversed().map(ended));
    await this.catalogues.close();
    if (existsSync(this.folder)) await rm(this.folder, { recursive: true });
  }
}

function firstLine(child: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  return new Promise((found, failed) => {
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (wanted(line)) found(line);
      });
    }
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`It ended with ${code ?? 'a signal'}:\n${said.join('\n')}`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}
