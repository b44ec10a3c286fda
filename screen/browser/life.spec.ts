import { expect, panel, picture, row, test, violations } from './test';

test('a model is installed, made active and deleted from the page', async ({ page, open, visit }) => {
  const house = await open({
    models: ['qwen3:0.6b', 'llama3.2:1b', '{name: nomic-embed-text, keep: true}'],
    runtime: ['prune: managed', 'active: qwen3:0.6b'],
    installed: ['smollm2:135m'],
    environment: { VENOM_MODELD_INTERVAL: '1m' },
  });
  await visit(house);
  await expect(panel(page).locator('.slot-serving')).toContainText('qwen3:0.6b');
  await expect(page.getByText('In sync')).toBeVisible();
  await house.faults({ rate: 25e6 });

  await page.locator('[data-model="gemma3"]').getByRole('button', { name: 'Install gemma3' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: '270m' }).check();
  await expect(dialog.locator('.diff-new')).toContainText('gemma3:270m');
  await picture(page, 'install');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Install', exact: true }).click();
  await expect(dialog).toBeHidden();

  const bar = row(page, 'gemma3:270m').getByRole('progressbar');
  await expect(bar).toHaveAttribute('aria-valuenow', /\d/);
  const first = Number(await bar.getAttribute('aria-valuenow'));
  let lists = 0;
  page.on('request', (request) => (lists += request.url().endsWith('/api/v1/models') ? 1 : 0));
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(first + 10);
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(first + 40);
  // Asked with every step of the progress, it would be twice a second and more.
  expect(lists, 'lists asked for while nothing but the progress changed').toBeLessThan(5);
  await picture(page, 'downloading');
  await house.faults({ rate: 1e12 });
  await expect(row(page, 'gemma3:270m')).toHaveAttribute('data-state', 'installed');
  await expect(page.getByText('gemma3:270m is installed on ollama.')).toBeVisible();
  await expect(page.locator('.card[data-model="gemma3"]')).toContainText('installed');

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

test('a model of somebody else is adopted, protected and followed; a download is stopped and goes on', async ({
  page,
  open,
  visit,
}) => {
  const house = await open({ models: ['qwen3:0.6b'], installed: ['smollm2:135m'] });
  await visit(house);
  const dialog = page.getByRole('dialog');
  const confirm = (name: string) => dialog.getByRole('button', { name, exact: true }).click();
  const foreign = row(page, 'smollm2:135m');
  await expect(foreign).toHaveAttribute('data-state', 'unmanaged');
  await foreign.getByRole('button', { name: 'More about smollm2:135m' }).click();
  await expect(foreign).toContainText('Delete: models.yaml does not name it');
  await foreign.getByRole('button', { name: 'Adopt' }).first().click();
  await confirm('Adopt');
  await expect(foreign).toHaveAttribute('data-state', 'installed');
  await foreign.getByRole('button', { name: 'Keep' }).click();
  await confirm('Keep');
  await expect(foreign.getByText('keep', { exact: true })).toBeVisible();
  await foreign.getByRole('button', { name: 'Follow updates' }).click();
  await confirm('Follow updates');
  await expect.poll(() => house.read()).toMatch(/name: smollm2:135m[^]*keep: true[^]*update: always/);

  await house.faults({ rate: 20e6 });
  await house.write((await house.read()).replace('      - qwen3:0.6b', '      - qwen3:0.6b\n      - gemma3:270m'));
  const coming = row(page, 'gemma3:270m');
  await coming.getByRole('button', { name: 'Cancel gemma3:270m' }).click();
  await expect(page.getByText('Stopped. It is held until you retry it.')).toBeVisible();
  await expect(page.getByText('held', { exact: true })).toBeVisible();
  await house.faults({ rate: 1e12 });
  await coming.getByRole('button', { name: 'Retry gemma3:270m' }).click();
  await expect(coming).toHaveAttribute('data-state', 'installed');

  await panel(page).getByRole('button', { name: 'Suspend ollama' }).click();
  await confirm('Suspend');
  await expect(page.getByText('ollama is suspended.').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await panel(page).getByRole('button', { name: 'Resume ollama' }).click();
  await confirm('Resume');
  await expect(panel(page).getByText('Suspended')).toHaveCount(0);
});

test('a tag that moved is told, and the new version takes the place of the old one', async ({ page, open, visit }) => {
  const house = await open({
    models: ['{name: "smollm2:135m", update: always}'],
    environment: { VENOM_MODELD_UPDATE_CHECK: '1s' },
  });
  await visit(house);
  const watched = row(page, 'smollm2:135m');
  await expect(watched).toHaveAttribute('data-state', 'installed');
  const digest = watched.locator('.row-digest-narrow');
  const before = (await digest.textContent()) ?? '';
  const good = await house.read();
  await house.write(good.replace('prune: managed', 'prune: managed\n    suspend: true'));
  await expect(panel(page).getByText('Suspended')).toBeVisible();

  await house.control('POST', '/registry/move', { name: 'smollm2:135m' });
  await expect(watched).toHaveAttribute('data-state', 'outdated');
  await expect(page.locator('.next')).toContainText('Update smollm2:135m');
  await house.write(good);
  await expect(watched).toHaveAttribute('data-state', 'installed');
  await expect(digest).not.toHaveText(before);
  await expect(page.locator('.operation[data-operation="update"]').first()).toHaveAttribute('data-status', 'completed');
});
