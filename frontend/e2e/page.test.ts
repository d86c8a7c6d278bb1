import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { noteText } from '@parley/engines/testing/suite-log';
import type { Browser, Page } from 'playwright-core';
import {
  apiOf,
  eventually,
  hasChromium,
  launch,
  message,
  messageBox,
  openPage,
  type Parley,
  signIn,
  startParley,
  texts,
  write,
} from './parley.ts';

/* What a page must withstand: tall messages and views that change, input methods, storage that is full. */

const withBrowser = hasChromium ? describe : describe.skip;

withBrowser('a page of the browser chat', () => {
  let parley: Parley;
  let browser: Browser;

  beforeAll(async () => {
    parley = await startParley();
    browser = await launch();
  }, 150_000);

  afterAll(async () => {
    await browser?.close();
    await parley?.stop();
  }, 30_000);

  /** Maya's page at the conversation with Tomas, which fills it. */
  async function openTomas(options: { phone?: boolean; isSlow?: boolean } = {}) {
    const page = await openPage(browser, parley.url, options);
    if (options.isSlow) {
      // It draws so late that the answer to a send is there before the pending message was shown.
      await page.addInitScript(() => {
        const later = window.setTimeout;
        const slow = (run: TimerHandler, ms?: number) => later(run, ms === 16 ? 150 : ms);
        window.setTimeout = slow as typeof setTimeout;
      });
      await page.reload();
    }
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /Tomas/ }).click();
    await page.locator('article').first().waitFor();
    return page;
  }

  for (const look of [{}, { phone: true }]) {
    const device = 'phone' in look ? 'phone' : 'desk';
    test(`every message of many lines that one sends ends in full view (${device})`, async () => {
      const page = await openTomas({ ...look, isSlow: true });
      for (let index = 0; index < 20; index += 1) {
        const name = `${device} ${index}`;
        await write(page, `${name}\n${'another line\n'.repeat(5 + (index % 7))}the end of ${name}.`);
        await inView(page, `the end of ${name}.`);
        // At rest, as between the messages of a person.
        await page.waitForTimeout(300);
        await inView(page, `the end of ${name}.`);
      }
      await page.context().close();
    }, 120_000);
  }

  test('the end stays in view while the composer grows and shrinks, the window changes, and others write', async () => {
    const page = await openTomas();
    const tomas = await apiOf(parley, 'tomas@example.com');
    await write(page, 'hold this in view');
    await inView(page, 'hold this in view');
    for (const text of ['a\n'.repeat(8), 'short', 'b\n'.repeat(12), '']) {
      await messageBox(page).fill(text);
      await inView(page, 'hold this in view');
    }
    for (const height of [420, 800, 500, 720]) {
      await page.setViewportSize({ width: 1100, height });
      await inView(page, 'hold this in view');
    }
    for (let index = 0; index < 10; index += 1) {
      const text = `${'and so on\n'.repeat(index)}Tomas wrote ${index}.`;
      await tomas('/api/messages', { handle: 'maya', message: text });
      await inView(page, `Tomas wrote ${index}.`);
    }
    await page.context().close();
  }, 60_000);

  test('who reads further up stays there when others write', async () => {
    const page = await openTomas();
    const tomas = await apiOf(parley, 'tomas@example.com');
    await page.locator('.scroller').hover();
    await page.mouse.wheel(0, -600);
    await page.getByRole('button', { name: /Newest/ }).waitFor();
    await tomas('/api/messages', { handle: 'maya', message: 'you do not see this yet' });
    await page.locator('.row').getByText('you do not see this yet').waitFor();
    await page.getByRole('button', { name: /Newest/ }).click();
    await inView(page, 'you do not see this yet');
    await page.context().close();
  }, 30_000);

  test('the Enter that ends an input method’s composition does not send', async () => {
    const page = await openTomas();
    await messageBox(page).fill('かんじ');
    const press = (init: KeyboardEventInit) =>
      messageBox(page).dispatchEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...init });
    await press({ isComposing: true });
    // Safari's comes after the composition: only the code tells.
    await press({ keyCode: 229, isComposing: false });
    await messageBox(page).dispatchEvent('keydown', { key: 'Escape', bubbles: true, keyCode: 229 });
    expect(await messageBox(page).inputValue()).toBe('かんじ');
    noteText('かんじ');
    await press({ keyCode: 13 });
    await message(page, 'かんじ').waitFor();
    expect((await texts(page)).filter((text) => text === 'かんじ')).toHaveLength(1);
    await page.context().close();
  }, 30_000);
});

/** Waits until the message that ends with this text was delivered and is in full view. */
async function inView(page: Page, end: string) {
  const missing = () =>
    page.evaluate((wanted) => {
      const all = [...document.querySelectorAll('article[data-seq]')];
      const found = all.findLast((each) => each.querySelector('.text')?.textContent?.endsWith(wanted));
      const view = document.querySelector('.scroller')?.getBoundingClientRect();
      if (!found || !view) return 'it is not there';
      const below = found.getBoundingClientRect().bottom - view.bottom;
      return below > 1 ? `${below} px of it are below the view` : '';
    }, end);
  let problem = '';
  await eventually(
    async () => {
      problem = await missing();
      return problem === '' || undefined;
    },
    5_000,
    () => `${end} ${problem}`,
  );
}
