import { expect, panel, picture, row, test, violations } from './test';

const SMALL = 'Qwen/Qwen3-0.6B';
const OTHER = 'acme/Wren-3B';

test('two runtimes stand side by side, and vLLM changes its model without losing the one that serves', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({
    models: ['qwen3:0.6b'],
    runtime: ['prune: managed', 'active: qwen3:0.6b'],
    gpu: [SMALL, OTHER],
    gpuKeys: [`active: ${SMALL}`, 'alias: chat'],
  });
  await visit(house);
  const gpu = panel(page, 'gpu');
  await expect(gpu.locator('.slot-serving')).toContainText(SMALL);
  await expect(gpu.locator('.slot-serving')).toContainText('chat');
  await expect(gpu.locator('.row')).toHaveCount(2);
  await expect(panel(page).locator('.row')).toHaveCount(1);
  await expect(row(page, SMALL).locator('.row-digest-narrow')).toContainText(/[0-9a-f]{7}/);

  await house.gpuFaults({ engine_seconds: 2 });
  await row(page, OTHER)
    .getByRole('button', { name: `Activate ${OTHER}` })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate', exact: true }).click();
  const switching = gpu.locator('.slot-switching');
  await expect(switching).toContainText('loading');
  await expect(switching).toContainText(OTHER);
  await picture(page, 'two-runtimes');
  expect(await violations(page)).toEqual([]);
  await expect(gpu.locator('.slot-serving')).toContainText(OTHER);

  await house.gpuFaults({ refuse: { [SMALL]: 'CUDA out of memory. Tried to allocate 1.16 GiB.' } });
  await row(page, SMALL)
    .getByRole('button', { name: `Activate ${SMALL}` })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate', exact: true }).click();
  await expect(gpu.locator('.slot-failed')).toContainText('CUDA out of memory');
  await expect(gpu.locator('.slot-failed')).toContainText(OTHER);
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
});

test('a repository of the Hub is installed where it can be served; what is gated or too large says so', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({ models: ['qwen3:0.6b'], gpu: [SMALL] });
  await visit(house);
  const card = (name: string) => page.locator(`[data-model="${name}"].card`);
  await expect(card('acme/Roc-9T')).toContainText('too large for this disk');
  await expect(card('acme/Wren-3B')).not.toContainText('too large');
  await expect(card('acme/Wren-3B')).toContainText('apache-2.0');

  await card(OTHER)
    .getByRole('button', { name: `Install ${OTHER}` })
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: 'gpu vllm' })).toBeChecked();
  await expect(dialog.getByRole('radio', { name: /ollama ollama/ })).toBeDisabled();
  await expect(dialog.locator('.refused')).toBeVisible();
  await dialog.getByLabel('Branch, tag or commit').fill('main');
  await expect(dialog.locator('.diff-new')).toContainText('{name: acme/Wren-3B, revision: main}');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Install', exact: true }).click();
  await expect(panel(page, 'gpu').locator(`[data-model="${OTHER}"]`)).toHaveAttribute('data-state', 'installed');
  await expect(card(OTHER)).toContainText('installed');
  await expect(panel(page).locator('.row')).toHaveCount(1);

  await row(page, OTHER)
    .getByRole('button', { name: `Delete ${OTHER}` })
    .click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row(page, OTHER)).toHaveCount(0);
  await expect(card(OTHER)).not.toContainText('installed');
  expect(await house.read()).not.toContain(OTHER);

  const gated = 'acme/Heron-70B-Instruct';
  await card(gated)
    .getByRole('button', { name: `Install ${gated}` })
    .click();
  await expect(dialog).toContainText('Its owner decides who may have it');
  await dialog.getByRole('button', { name: 'Install', exact: true }).click();
  await expect(row(page, gated)).toHaveAttribute('data-state', 'stalled');
  await expect(page.getByRole('region', { name: 'Needs attention' })).toContainText('Ask for access at');
  await expect(page.locator('.toast-bad')).toContainText(gated);
});
