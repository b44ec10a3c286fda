import { expect, panel, picture, row, test, violations } from './test';

test('an edit by hand shows at once, and a broken file leaves the last good one in force', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await visit(house);
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');

  await house.write(house.yaml(['qwen3:0.6b', 'smollm2:135m']));
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');
  await expect(page.getByText('models.yaml was changed and is in force.')).toBeVisible();

  const good = await house.read();
  await house.write(good.replace('kind: ollama', 'kind: olama').replace('prune: managed', 'prune: sometimes'));
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toContainText('models.yaml has an error');
  await expect(attention).toContainText('models.yaml:4:');
  await expect(attention).toContainText('is in force');
  await expect(page.getByText('Needs attention: 1')).toBeVisible();
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');
  await picture(page, 'broken-file');
  expect(await violations(page)).toEqual([]);
  await attention.getByRole('button', { name: 'Show all 2' }).click();
  await expect(page.getByRole('dialog').getByRole('listitem')).toHaveCount(2);
  await page.keyboard.press('Escape');

  await house.write(good);
  await expect(attention).toHaveCount(0);
  await expect(page.getByText('In sync')).toBeVisible();
});

test('removals that pass a limit wait for an approval, and only those that were approved happen', async ({
  page,
  open,
  visit,
}) => {
  const models = ['qwen3:0.6b', 'qwen3:1.7b', 'smollm2:135m', 'all-minilm', 'gemma3:270m', 'llama3.2:1b'];
  const house = await open({ models });
  await visit(house);
  await expect(page.getByText('In sync')).toBeVisible();
  await expect(panel(page).locator('[data-state="installed"]')).toHaveCount(models.length);

  await house.write(house.yaml(['qwen3:0.6b']));
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toContainText('Removals on ollama wait for your approval. 5 models would be removed');
  await expect(panel(page).locator('.row')).toHaveCount(models.length);
  await picture(page, 'unsafe');
  await attention.getByRole('button', { name: 'Review' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('.names li')).toHaveCount(5);
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Remove 5 models' }).click();
  await expect(panel(page).locator('.row')).toHaveCount(1);
  await expect(attention).toHaveCount(0);
});

test('where edits are off, a button ends in the change to commit and the command', async ({
  page,
  open,
  visit,
  context,
}) => {
  const house = await open({ models: ['qwen3:0.6b'], environment: { VENOM_MODELD_API_EDITS: 'off' } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit(house);
  const before = await house.read();

  await row(page, 'qwen3:0.6b').getByRole('button', { name: 'Delete qwen3:0.6b' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Commit this change there');
  await expect(dialog.getByRole('button', { name: 'Delete', exact: true })).toHaveCount(0);
  await expect(dialog.getByRole('button', { name: 'venom-modeld remove ollama qwen3:0.6b' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Copy the change' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('-      - qwen3:0.6b');
  await picture(page, 'edits-off');
  expect(await violations(page)).toEqual([]);
  expect(await house.read()).toBe(before);
});

test('a file that may not be written ends in the reason and the change to commit', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b', 'smollm2:135m'] });
  await visit(house);
  const kept = row(page, 'smollm2:135m');
  await expect(kept).toHaveAttribute('data-state', 'installed');
  await house.lock();
  const before = await house.read();
  await kept.getByRole('button', { name: 'Delete smollm2:135m' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('let this user write in its folder');
  await expect(dialog.locator('.diff').last()).toContainText('-      - smollm2:135m');
  await expect(dialog.getByRole('button', { name: 'Copy the change' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await expect(kept).toHaveAttribute('data-state', 'installed');
  expect(await house.read()).toBe(before);
});

test('a whole file that is suspended is resumed as a whole', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b'] });
  await visit(house);
  await expect(row(page, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');
  await house.write((await house.read()).replace('version: 1', 'version: 1\nsuspend: true'));
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toContainText('Everything is suspended.');
  await expect(panel(page).getByText('Suspended')).toBeVisible();
  await attention.getByRole('button', { name: 'Resume everything' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(attention).toHaveCount(0);
  expect(await house.read()).not.toContain('suspend: true');
});

test('a file that changed under an open dialog is not overwritten', async ({ page, open, visit }) => {
  const house = await open({ models: ['qwen3:0.6b', 'smollm2:135m'] });
  await visit(house);
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');
  await row(page, 'smollm2:135m').getByRole('button', { name: 'Delete smollm2:135m' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('.diff-old')).toHaveCount(1);

  let letThrough = (): void => undefined;
  const held = new Promise<void>((done) => (letThrough = done));
  await page.route('**/api/v1/models/registry/**', async (route) => {
    await held;
    await route.continue();
  });
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'removing');
  await house.write(`# changed meanwhile\n${await house.read()}`);
  letThrough();
  await expect(dialog.getByRole('alert')).toContainText('Nothing was written.');
  await expect(row(page, 'smollm2:135m')).toHaveAttribute('data-state', 'installed');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row(page, 'smollm2:135m')).toHaveCount(0);
  expect(await house.read()).toContain('# changed meanwhile');
});

test('what one tab does, the other shows', async ({ page, open, visit, context }) => {
  const house = await open({ models: ['smollm2:135m', 'qwen3:0.6b'] });
  const other = await context.newPage();
  await visit(house);
  await visit(house, other);
  await expect(row(other, 'qwen3:0.6b')).toHaveAttribute('data-state', 'installed');
  await row(page, 'qwen3:0.6b').getByRole('button', { name: 'Delete qwen3:0.6b' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('qwen3:0.6b was removed from ollama.')).toBeVisible();
  await expect(row(other, 'qwen3:0.6b')).toHaveCount(0);
});

test('where nothing is there yet, the page says what to write and offers to write it', async ({
  page,
  open,
  visit,
}) => {
  const house = await open();
  await visit(house);
  await expect(page.getByText('No models on ollama yet')).toBeVisible();
  await expect(page.getByText('Nothing to do.')).toBeVisible();
  await picture(page, 'empty');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Choose a model' }).click();
  await page.getByRole('checkbox', { name: 'Make it the active model' }).check();
  await expect(page.getByRole('dialog').locator('.diff-new')).toHaveCount(2);
  await page.getByRole('dialog').getByRole('button', { name: 'Install', exact: true }).click();
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
});
