import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { apiOf, launch, message, messageBox, openPage, signIn, startParley, write } from './parley.ts';

/* Takes the pictures of the README: node --import tsx frontend/e2e/pictures.ts */

const folder = new URL('../../docs/images/', import.meta.url).pathname;
const desktop = { width: 980, height: 620 };
const phone = { width: 390, height: 700 };

const parley = await startParley();
const browser = await launch();
try {
  const maya = await enter('maya', {}, desktop);
  const tomas = await enter('tomas', { dark: true }, desktop);
  const raj = await enter('raj', { phone: true }, phone);
  await raj.locator('.row').first().waitFor();

  await maya.getByRole('link', { name: /^Tomas/ }).click();
  await tomas.getByRole('link', { name: /^Maya/ }).click();
  await say(maya, tomas, 'The soil report is in: https://example.org/soil/2026');
  await say(tomas, maya, 'Clean?');
  await say(maya, tomas, 'Cleaner than my kitchen.');
  await maya.getByText('Seen', { exact: true }).waitFor();
  await messageBox(tomas).pressSequentially('I heard you. And your ', { delay: 5 });
  await maya.getByText('Tomas Okafor is typing …').waitFor();
  await maya.screenshot({ path: join(folder, 'conversation-light.png') });
  await tomas.screenshot({ path: join(folder, 'conversation-dark.png') });

  const send = await apiOf(parley, 'maya@example.com');
  const groups = await send<{ uuid: string; kind: string }[]>('/api/message_groups');
  const garden = groups.find(({ kind }) => kind === 'group')?.uuid;
  await send('/api/messages', { message_group_uuid: garden, message: 'Soil is fine. Saturday it is.' });
  await raj.locator('.row .badge').first().waitFor();
  await raj.waitForTimeout(500);
  await raj.screenshot({ path: join(folder, 'inbox-phone.png') });
  await raj.getByRole('link', { name: /garden/ }).click();
  await message(raj, 'Soil is fine. Saturday it is.').waitFor();
  await raj.waitForTimeout(500);
  await raj.screenshot({ path: join(folder, 'conversation-phone.png') });
} finally {
  await browser.close();
  await parley.stop();
}

async function enter(handle: string, look: { dark?: boolean; phone?: boolean }, size: typeof phone) {
  const page = await openPage(browser, parley.url, look);
  await page.setViewportSize(size);
  await signIn(page, `${handle}@example.com`);
  return page;
}

async function say(from: Page, to: Page, text: string) {
  await write(from, text);
  await message(to, text).waitFor();
}
