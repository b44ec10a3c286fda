import { expect, panel, picture, row, test, violations } from './test';

test('a model is installed, made active and deleted from the page', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'], runtime: ['prune: managed', 'active: qwen3:0.6b'] });
  await visit(house);
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
  await house.faults({ rate: 40e6 });

  await page.locator('[data-model="gemma3"]').getByRole('button', { name: 'Install gemma3' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name, as it will stand in the file').fill('gemma3:270m');
  await expect(dialog.locator('.diff-new')).toContainText('gemma3:270m');
  await picture(page, 'install');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Install', exact: true }).click();
  await expect(dialog).toBeHidden();

  const bar = row(page, 'gemma3:270m').getByRole('progressbar');
  await expect(bar).toHaveAttribute('aria-valuenow', /\d/);
  const first = Number(await bar.getAttribute('aria-valuenow'));
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(first);
  await picture(page, 'downloading');
  await house.faults({ rate: 1e12 });
  await expect(row(page, 'gemma3:270m')).toHaveAttribute('data-state', 'installed');
  await expect(page.getByText('gemma3:270m is installed on ollama.')).toBeVisible();

  await row(page, 'gemma3:270m').getByRole('button', { name: 'Activate gemma3:270m' }).click();
  await dialog.getByRole('button', { name: 'Activate', exact: true }).click();
  await expect(panel(page).locator('.slot-serving')).toContainText('gemma3:270m');
  expect(await house.read()).toContain('active: gemma3:270m');

  await row(page, 'gemma3:270m').getByRole('button', { name: 'Delete gemma3:270m' }).click();
  await expect(dialog).toContainText('Frees 292 MB.');
  await expect(dialog).toContainText('It is the active model of ollama');
  await expect(dialog.locator('.diff-old')).toHaveCount(2);
  await picture(page, 'delete');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row(page, 'gemma3:270m')).toHaveCount(0);
  expect(await house.read()).not.toContain('gemma3');
});
