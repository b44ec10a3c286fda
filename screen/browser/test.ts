/** The test function with a house for each test, and a page that may speak to nobody else. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { test as base, expect } from '@playwright/test';
import type { HouseOptions } from './house';
import { House } from './house';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Fixtures {
  /** Opens a house; it is closed with the test. */
  readonly open: (options?: HouseOptions) => Promise<House>;
  /** Opens the page of a house, and waits until it shows something. */
  readonly visit: (house: House, page?: Page) => Promise<void>;
  /** Whatever went wrong in the page; the test fails where there is something. */
  readonly complaints: string[];
}

export const test = base.extend<Fixtures>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      watch(page, complaints);
      await use(complaints);
      expect(complaints, 'what the page complained of').toEqual([]);
    },
    { auto: true },
  ],
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  open: async ({}, use) => {
    const houses: House[] = [];
    await use(async (options) => {
      const house = await House.open(options);
      houses.push(house);
      return house;
    });
    await Promise.all(houses.map((house) => house.close()));
  },
  visit: async ({ page }, use) => {
    await use(async (house, where = page) => {
      await where.goto(`${house.url}/models`);
      await expect(where.getByText('Live', { exact: true })).toBeVisible();
    });
  },
});

/** Notes errors of scripts, what the content policy stopped, and requests to other addresses. */
function watch(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const harmless = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !harmless) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== '127.0.0.1' && protocol.startsWith('http')) complaints.push(`asked ${request.url()}`);
  });
}

/** What axe-core finds wrong with the page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (where: Document) => Promise<AxeResults> } };
    const found = await axe.run(document);
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[] }[];
  }[];
}

/** Where pictures for the documentation go; without it none are taken. */
const PICTURES = process.env.VENOM_MODELD_PICTURES;

/** Takes a picture for the documentation. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), scale: 'css', animations: 'disabled' });
}

export function row(page: Page, model: string): Locator {
  return page.locator(`.row[data-model="${model}"]`);
}

export function panel(page: Page, runtime = 'ollama'): Locator {
  return page.locator(`[data-runtime="${runtime}"]`);
}

export { expect };
