import type { ModelsAnswer, OperationsAnswer } from '../src/api/schema';
import { expect, panel, row, test } from './test';

test('a thousand models and two hundred operations draw only what is in sight', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await expect.poll(async () => (await house.get<ModelsAnswer>('/api/v1/models')).count).toBe(1);
  const models = await house.get<ModelsAnswer>('/api/v1/models');
  const operations = await house.get<OperationsAnswer>('/api/v1/models/operations');
  const [model] = models.models;
  const [operation] = operations.operations;
  const many = Array.from({ length: 1000 }, (_, index) => ({
    ...model,
    name: `model-${String(index).padStart(4, '0')}`,
  }));
  const lately = Array.from({ length: 200 }, (_, index) => ({ ...operation, operation_id: `aaaa-${index}` }));
  await page.route('**/api/v1/models', (route) => route.fulfill({ json: { ...models, models: many } }));
  await page.route('**/api/v1/models/operations?*', (route) =>
    route.fulfill({ json: { ...operations, operations: lately } }),
  );
  await visit(house);

  await expect(row(page, 'model-0000')).toBeVisible();
  await expect(page.locator('.operation').first()).toBeVisible();
  expect(await page.locator('.row').count()).toBeLessThan(60);
  expect(await page.locator('.operation').count()).toBeLessThan(60);

  const frame = panel(page).locator('.list-frame');
  await frame.evaluate((it) => it.scrollTo(0, it.scrollHeight));
  await expect(row(page, 'model-0999')).toBeVisible();
  expect(await page.locator('.row').count()).toBeLessThan(60);

  await page.getByLabel('Filter the models on ollama').fill('0420');
  await expect(panel(page).locator('.row')).toHaveCount(1);
  await expect(page.getByText('1 model', { exact: true })).toBeVisible();
});

test('what was done before the list is shown page by page', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await expect.poll(async () => (await house.get<ModelsAnswer>('/api/v1/models')).count).toBe(1);
  const operations = await house.get<OperationsAnswer>('/api/v1/models/operations');
  const past = Array.from({ length: 450 }, (_, index) => ({
    ...operations.operations[0],
    operation_id: `aaaa-${index}`,
    model_name: `model-${index}`,
  }));
  await page.route('**/api/v1/models/operations?*', (route) =>
    route.fulfill({ json: { ...operations, operations: past.slice(0, 200) } }),
  );
  await page.route('**/api/v1/history?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const after = past.findIndex((one) => one.operation_id === query.get('before')) + 1;
    const found = past.slice(after, after + Number(query.get('limit')));
    const next = after + found.length < past.length ? found.at(-1)?.operation_id : null;
    return route.fulfill({ json: { success: true, count: found.length, operations: found, next } });
  });
  await visit(house);
  const activity = page.locator('.activity');
  const list = activity.locator('.operation').first();
  await expect(list).toBeVisible();
  const size = () => activity.locator('li[aria-setsize]').first().getAttribute('aria-setsize');
  expect(await size()).toBe('200');
  const earlier = activity.getByRole('button', { name: 'Show earlier' });
  await earlier.click();
  await expect.poll(size).toBe('400');
  await earlier.click();
  await expect.poll(size).toBe('450');
  await expect(earlier).toHaveCount(0);
  expect(await activity.locator('.operation').count()).toBeLessThan(60);
});

test('a row keeps its place while its model is downloaded', async ({ page, open, visit }) => {
  const models = ['all-minilm', 'gemma3:270m', 'smollm2:135m'];
  const house = await open({ models: [], faults: { rate: 60e6 } });
  await visit(house);
  await expect(page.getByText('No models on ollama yet')).toBeVisible();
  await house.write(house.yaml(models));
  const watched = row(page, 'smollm2:135m');
  await expect(watched).toBeVisible();
  const before = await watched.boundingBox();
  await expect(row(page, 'gemma3:270m')).toHaveAttribute('data-state', 'downloading');
  expect(await watched.boundingBox()).toEqual(before);
  await house.faults({ rate: 1e12 });
  await expect(panel(page).locator('[data-state="installed"]')).toHaveCount(3);
  expect(await watched.boundingBox()).toEqual(before);
});
