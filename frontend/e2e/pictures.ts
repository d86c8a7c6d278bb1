import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launch, messageBox, openPage, signIn, startParley } from './parley.ts';

/* Takes the pictures of the README from the seeded conversations: bin/screenshots */

const folder = new URL('../../docs/images/', import.meta.url).pathname;
const desktop = { width: 1180, height: 720 };
const phone = { width: 390, height: 720 };

const parley = await startParley();
const browser = await launch();
try {
  const inbox = await enter('maya', { phone: true }, phone);
  await take(inbox, 'inbox-phone.png');
  await inbox.context().close();

  const maya = await enter('maya', {}, desktop);
  const tomas = await enter('tomas', { dark: true }, desktop);
  await open(tomas, /^Maya/);
  await open(maya, /Corner garden/);
  await messageBox(tomas).blur();
  await take(maya, 'group-light.png');

  await open(maya, /^Tomas/);
  await messageBox(tomas).pressSequentially('And a thermos of ', { delay: 5 });
  await maya.getByText('typing').first().waitFor();
  await take(maya, 'conversation-light.png');
  await take(tomas, 'conversation-dark.png');

  const raj = await enter('raj', { phone: true }, phone);
  await open(raj, /Sensor club/);
  await take(raj, 'code-phone.png');
} finally {
  await browser.close();
  await parley.stop();
}

async function enter(handle: string, look: { dark?: boolean; phone?: boolean }, size: typeof phone) {
  const page = await openPage(browser, parley.url, look);
  await page.setViewportSize(size);
  await signIn(page, `${handle}@example.com`);
  await page.locator('.row').first().waitFor();
  return page;
}

async function open(page: Page, name: RegExp) {
  await page.getByRole('link', { name }).first().click();
  await page.locator('article').last().waitFor();
}

/** Parser, colours and fonts come when they are needed. */
async function take(page: Page, name: string) {
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: join(folder, name) });
}
