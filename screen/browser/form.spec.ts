import { expect, panel, picture, row, test, violations } from './test';

test('the keyboard reaches everything, and the focus returns to where it came from', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await visit(house);
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');

  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the models' })).toBeFocused();
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search for models')).toBeFocused();
  await page.keyboard.type('smollm');
  const card = page.locator('[data-model="smollm2"]');
  await expect(card).toBeVisible();
  const install = card.getByRole('button', { name: 'Install smollm2' });
  await install.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(install).toBeFocused();

  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: '135m' }).focus();
  await page.keyboard.press('Space');
  await expect(page.getByRole('dialog').locator('.diff-new')).toContainText('smollm2:135m');
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Install', exact: true });
  for (let steps = 0; steps < 20 && !(await confirm.evaluate((it) => it === document.activeElement)); steps++) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');

  await page.getByRole('tab', { name: 'Search' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab', { name: 'Available' })).toBeFocused();
  await expect(page.getByRole('tab', { name: 'Available' })).toHaveAttribute('aria-selected', 'true');
});

test('the catalogues are filtered and sorted, and lead to the pages of their models', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'], hub: true });
  await visit(house);
  await page.getByRole('tab', { name: 'Available' }).click();
  const cards = (provider: string) => page.locator(`[data-provider="${provider}"] .card`);
  await expect(cards('ollama')).toHaveCount(6);
  await expect(cards('huggingface').first()).toBeVisible();

  await page.getByLabel('Order').selectOption('Most downloads');
  await expect(cards('ollama').first()).toHaveAttribute('data-model', 'deepseek-r1');
  await page.getByLabel('Order').selectOption('Most likes');
  await expect(cards('huggingface').first()).toHaveAttribute('data-model', 'acme/Heron-70B-Instruct');
  await page.getByLabel('Capability').selectOption('vision');
  await expect(cards('ollama')).toHaveCount(1);
  await page.getByLabel('Source').selectOption('Ollama');
  await expect(cards('huggingface')).toHaveCount(0);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(cards('ollama')).toHaveCount(6);
  await page.getByLabel('Size').selectOption('up to 8 GB');
  await expect(page.locator('[data-model="acme/Wren-3B"]')).toBeVisible();
  await expect(page.locator('[data-model="acme/Heron-70B-Instruct"]')).toHaveCount(0);
  const link = page.locator('[data-model="acme/Wren-3B"]').getByRole('link', { name: /The page of acme/ });
  await expect(link).toHaveAttribute('href', /acme\/Wren-3B$/);
  expect(await violations(page)).toEqual([]);
});

test('on a phone nothing is cut off, and a model can be installed', async ({ page, open, visit }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const house = await open({
    models: ['qwen3:0.6b', 'hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M'],
    runtime: ['prune: managed', 'active: qwen3:0.6b', 'alias: default'],
  });
  await visit(house);
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
  await expect(page.locator('.card').first()).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(360);
  await picture(page, 'phone');
  expect(await violations(page)).toEqual([]);
  await page.locator('[data-model="smollm2"]').getByRole('button', { name: 'Install smollm2' }).click();
  await page.getByRole('radio', { name: '135m' }).check();
  await expect(page.getByRole('dialog').locator('.diff-new')).toContainText('smollm2:135m');
  await picture(page, 'phone-install');
  await page.getByRole('dialog').getByRole('button', { name: 'Install', exact: true }).click();
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');
});

test('language and colours are chosen once and remembered', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'], runtime: ['prune: managed', 'active: qwen3:0.6b'] });
  await visit(house);
  await expect(panel(page).locator('.slot-serving')).toBeVisible();
  await page.getByRole('button', { name: 'Polski' }).click();
  await expect(page.getByText('Zgodne z plikiem')).toBeVisible();
  await page.getByRole('button', { name: 'Ciemne' }).click();
  await page.reload();
  await expect(page.getByText('Zgodne z plikiem')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('pl');
  expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe('dark');
  await expect(row(page, 'qwen3:0.6b')).toContainText('523 MB');
  await expect(page.locator('.card').first()).toBeVisible();
  await picture(page, 'dark-polish');
  expect(await violations(page)).toEqual([]);
});
