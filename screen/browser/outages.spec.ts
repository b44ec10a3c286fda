import { expect, panel, picture, row, test, violations } from './test';

test('a runtime that stops is Unknown, and what it had stays on show', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'], runtime: ['prune: managed', 'active: qwen3:0.6b'] });
  await visit(house);
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'active');

  await house.control('POST', '/stop');
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toContainText('ollama does not answer.');
  await expect(page.getByRole('status').getByText('Unknown: ollama does not answer')).toBeVisible();
  await expect(panel(page)).toContainText('Last seen');
  await expect(row(page, 'qwen3:0.6b')).toBeVisible();
  await expect(panel(page).locator('.slot')).toContainText('Unknown');
  await picture(page, 'unknown-runtime');
  expect(await violations(page)).toEqual([]);

  await house.control('POST', '/start');
  await expect(page.getByText('ollama answers again.')).toBeVisible();
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
  await expect(attention).toHaveCount(0);
});

test('a catalogue that does not answer leaves what is known, says so, and says what to do', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({ models: ['qwen3:0.6b'], hub: true });
  await visit(house);
  const ollama = page.locator('[data-provider="ollama"]');
  await expect(ollama.locator('.card')).toHaveCount(6);
  await expect(page.locator('[data-provider="huggingface"] .card').first()).toBeVisible();
  await expect(page.locator('[data-model="acme/Heron-70B-Instruct"]')).toContainText('gated');
  await picture(page, 'discover');
  expect(await violations(page)).toEqual([]);

  house.catalogues.setOnline(false);
  await page.getByLabel('Search for models').fill('gemma');
  await expect(ollama).toContainText('What to do');
  await expect(ollama.locator('[data-model="gemma3"]')).toBeVisible();
  await expect(page.locator('[data-provider="huggingface"] .notice')).toBeVisible();
  await picture(page, 'catalogue-offline');
  await ollama.getByRole('button', { name: 'What to do' }).click();
  await expect(page.getByRole('dialog')).toContainText('HTTPS_PROXY');
  expect(await violations(page)).toEqual([]);
});

test('a list that has become old is told with its age, and is shown all the same', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await visit(house);
  const ollama = page.locator('[data-provider="ollama"]');
  await expect(ollama.locator('.card')).toHaveCount(6);
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toHaveCount(0);

  await house.stopDaemon();
  house.catalogues.setOnline(false);
  house.age(3 * 3600);
  await house.startDaemon();
  await page.reload();
  await expect(attention).toContainText(/The catalogue of Ollama does not answer. The list that it gave 3 ?hr? ago/);
  await expect(ollama).toContainText(/This list is from 3 ?hr? ago/);
  await expect(ollama.locator('.card')).toHaveCount(6);
  await expect(page.getByText('In sync')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await attention.getByRole('button', { name: 'What to do Ollama' }).click();
  await expect(page.getByRole('dialog')).toContainText('HTTPS_PROXY');
});

test('where no stream comes through, the page asks every few seconds', async ({ page, open }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await page.route('**/api/v1/events', (route) => route.abort());
  await page.goto(`${house.url}/models`);
  await expect(page.getByText('Every 3 s')).toBeVisible();
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');
  await house.write(house.yaml(['qwen3:0.6b', 'smollm2:135m']));
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');

  // What was asked for here gives way to what the file says later.
  await row(page, 'smollm2:135m').getByRole('button', { name: 'Delete smollm2:135m' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row(page, 'smollm2:135m')).toHaveCount(0);
  await house.write(house.yaml(['qwen3:0.6b', 'smollm2:135m']));
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');

  await page.unroute('**/api/v1/events');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
});

test('a model that cannot be loaded is stalled with the reason of the runtime, until it is retried', async ({
  page,
  open,
  visit,
}) => {
  const reason = 'llama runner process has terminated: cudaMalloc failed: out of memory';
  const house = await open({
    models: ['qwen3:0.6b', 'smollm2:135m'],
    runtime: ['prune: managed', 'active: qwen3:0.6b'],
    faults: { load_errors: { 'smollm2:135m': reason } },
  });
  await visit(house);
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
  await row(page, 'smollm2:135m').getByRole('button', { name: 'Activate smollm2:135m' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate', exact: true }).click();

  await expect(panel(page).locator('.slot-failed')).toContainText('out of memory');
  await expect(panel(page).locator('.slot-failed')).toContainText('qwen3:0.6b');
  await expect(page.locator('.toast-bad')).toContainText('out of memory');
  await page.getByRole('button', { name: 'Close this message' }).last().click();
  await picture(page, 'failed-activation');
  expect(await violations(page)).toEqual([]);

  await page
    .getByRole('button', { name: /Activate smollm2:135m.*/ })
    .locator('visible=true')
    .first()
    .click();
  await house.faults({ load_errors: {} });
  await page.locator('.operation[data-status="failed"]').getByRole('button', { name: 'Retry' }).first().click();
  await expect(panel(page).locator('.slot-serving')).toContainText('smollm2:135m');
});

test('a daemon that is gone is told, and the page goes on where it was when it is back', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await visit(house);
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');
  await house.stopDaemon();
  await expect(page.getByText('The daemon does not answer.')).toBeVisible();
  await expect(row(page, 'qwen3:0.6b')).toBeVisible();
  await house.write(house.yaml(['smollm2:135m']));
  await house.startDaemon();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');
});

test('where a token is set, the page asks for it', async ({ page, open }) => {
  const house = await open({ models: ['qwen3:0.6b'], token: 'open-sesame' });
  await page.goto(`${house.url}/models`);
  await page.getByLabel('Token').fill('wrong');
  await page.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByRole('alert')).toContainText('does not take this token');
  expect(await violations(page)).toEqual([]);
  await page.getByLabel('Token').fill('open-sesame');
  await page.getByRole('button', { name: 'Open' }).click();
  await expect(row(page, 'qwen3:0.6b')).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
});
