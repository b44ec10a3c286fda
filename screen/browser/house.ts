/**
 * Everything that the page is tested on, as real processes: the daemon, the stand-ins for Ollama and vLLM that it
 * manages, and a stand-in for the catalogues. Each test has its own, with its own file.
 */

import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Catalogues } from './catalogues';
import { startCatalogues } from './catalogues';

const PROGRAM = process.env.VENOM_MODELD_PROGRAM ?? resolve(import.meta.dirname, '../../.venv/bin/venom-modeld');
const PYTHON = join(dirname(PROGRAM), 'python');
/** Takes from the superuser what others do not have: the right to write where nobody may. */
const LIKE_ANYBODY = ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override'];

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
  /** The models of a second runtime, which is vLLM; without them there is none. */
  readonly gpu?: readonly string[];
  /** More keys of the second runtime. */
  readonly gpuKeys?: readonly string[];
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
  private hub = '';
  private gpuPort = 0;

  private constructor(folder: string, options: HouseOptions, catalogues: Catalogues) {
    this.folder = folder;
    this.file = join(folder, 'desired', 'models.yaml');
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
    await mkdir(dirname(this.file));
    await this.startSandbox();
    if (this.options.gpu) await this.startHub();
    for (const name of this.options.installed ?? []) await this.control('POST', '/install', { name });
    if (this.options.faults) await this.faults(this.options.faults);
    await this.write(this.yaml(this.options.models ?? []));
    await this.startDaemon();
  }

  private async startSandbox(): Promise<void> {
    const command = [PROGRAM, 'sandbox', '--format', 'json', '--with-parent', '--ollama-port', '0', '--rate', '1e12'];
    const child = this.spawn(command, {});
    const line = await firstLine(child, () => true);
    this.addresses = JSON.parse(line) as Addresses;
  }

  private async startHub(): Promise<void> {
    const child = this.spawn([PYTHON, join(import.meta.dirname, 'hub.py')], {});
    this.hub = await firstLine(child, (line) => line.startsWith('http'));
    this.gpuPort = await freePort();
  }

  /** Starts the daemon, at the address that it had before if it had one. */
  async startDaemon(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    const options = ['--file', this.file, '--state-dir', join(this.folder, 'state'), '--format', 'json'];
    const anybody = process.getuid?.() === 0 ? LIKE_ANYBODY : [];
    this.daemon = this.spawn([...anybody, PROGRAM, 'run', ...options, '--listen', listen], {
      OLLAMA_MODELS: this.folder,
      VENOM_MODELD_REGISTRY_URL: this.addresses.registry,
      VENOM_MODELD_INTERVAL: '1s',
      VENOM_MODELD_RETRY_FIRST: '1s',
      VENOM_MODELD_TRENDING_OLLAMA_URL: this.catalogues.url,
      HF_ENDPOINT: this.catalogues.url,
      HF_HUB_OFFLINE: this.options.hub || this.options.gpu || process.env.VENOM_MODELD_PICTURES ? '0' : '1',
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

  private spawn([program = '', ...args]: readonly string[], more: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...more } });
    this.started.push(child);
    return child;
  }

  /** A models.yaml with one runtime, and with a second one where there is a GPU to pretend. */
  yaml(models: readonly string[], runtime: readonly string[] = this.options.runtime ?? ['prune: managed']): string {
    const first = entry('ollama', ['kind: ollama', `url: ${this.addresses.ollama}`, ...runtime], models);
    return `version: 1\nruntimes:\n${first}${this.options.gpu ? this.gpu(this.options.gpu) : ''}`;
  }

  private gpu(models: readonly string[]): string {
    const command = `[${PYTHON}, -m, venom_modeld.sandbox.vllm]`;
    const env = `{VENOM_SANDBOX_VLLM: ${this.gpuFaultsFile}}`;
    const keys = [
      'kind: vllm',
      `url: http://127.0.0.1:${this.gpuPort}`,
      'prune: managed',
      `endpoint: ${this.hub}`,
      `cache: ${join(this.folder, 'hub')}`,
      `server: {command: ${command}, env: ${env}, start_timeout: 1m, shutdown_timeout: 5s}`,
      ...(this.options.gpuKeys ?? []),
    ];
    return entry('gpu', keys, models);
  }

  private get gpuFaultsFile(): string {
    return join(this.folder, 'vllm-faults.json');
  }

  /** Sets the whole fault dial of the stand-in for vLLM. */
  async gpuFaults(positions: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(this.gpuFaultsFile, JSON.stringify(positions));
  }

  /** Puts another content in the place of models.yaml, as a person's editor does. */
  async write(text: string): Promise<void> {
    const next = `${this.file}.new`;
    await writeFile(next, text);
    await rename(next, this.file);
  }

  /** Forbids everybody to change the file, as where it is part of an image. */
  async lock(): Promise<void> {
    await chmod(dirname(this.file), 0o555);
  }

  /** Makes what is known of the catalogues old, while the daemon is stopped. */
  age(seconds: number): void {
    const change = `UPDATE catalogue SET body = json_set(body, '$.attempted_at', NULL,
      '$.fetched_at', json_extract(body, '$.fetched_at') - ${seconds}) WHERE json_extract(body, '$.fetched_at') > 0`;
    const program =
      'import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.execute(sys.argv[2]); base.commit()';
    execFileSync(PYTHON, ['-c', program, join(this.folder, 'state', 'state.db'), change], { stdio: 'pipe' });
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
    await this.endServers();
    await this.catalogues.close();
    await chmod(dirname(this.file), 0o755);
    if (existsSync(this.folder)) await rm(this.folder, { recursive: true });
  }

  /** Ends the servers that the daemon started, which outlive it so that they serve on while it is restarted. */
  private async endServers(): Promise<void> {
    if (!this.options.gpu) return;
    const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    for (const number of numbers) {
      const line = await readFile(`/proc/${number}/cmdline`, 'utf8').catch(() => '');
      if (line.includes(this.folder)) kill(number);
    }
  }
}

/** Ends a process that may have ended by itself meanwhile. */
function kill(number: number): void {
  try {
    process.kill(number, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** One runtime as the file writes it. */
function entry(name: string, keys: readonly string[], models: readonly string[]): string {
  const list = models.map((model) => `\n      - ${model}`).join('');
  return `  ${name}:\n${keys.map((key) => `    ${key}\n`).join('')}    models:${list || ' []'}\n`;
}

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
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
