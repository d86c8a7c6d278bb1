import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { apiOf, eventually, message, messageBox, openAbout, openPage, signIn, write } from './parley.ts';
import { withBrowser } from './suite.ts';

/* How the page looks and moves: what one chooses, wide and narrow pages, large text, forced colours, a finger. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

withBrowser('the look of the browser chat', (stage) => {
  async function enter(handle: string, look: Parameters<typeof openPage>[2] = {}, width = 0, height = 800) {
    const page = await openPage(stage.browser, stage.parley.url, look);
    if (width > 0) await page.setViewportSize({ width, height });
    await signIn(page, `${handle}@example.com`);
    await page.locator('.row').first().waitFor();
    return page;
  }

  const frameColour = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = 'rgb(235, 241, 242)';
  const dark = 'rgb(10, 16, 18)';

  async function openSettings(page: Page) {
    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    await page.getByRole('dialog').waitFor();
  }

  test('theme, density and text size take effect at once, reach the other tab and last over a reload', async () => {
    const page = await enter('maya');
    const tab = await page.context().newPage();
    await tab.goto(stage.parley.url);
    await tab.locator('.row').first().waitFor();
    await page.bringToFront();
    expect(await frameColour(page)).toBe(light);
    const rowHeight = () =>
      page
        .locator('.row')
        .first()
        .evaluate((row) => row.clientHeight);
    const cozy = await rowHeight();
    await openSettings(page);
    await page.getByRole('group', { name: 'Theme' }).getByRole('button', { name: 'Dark' }).click();
    await page.getByRole('button', { name: 'Roomy' }).click();
    await page.getByRole('button', { name: 'Larger text' }).click();
    await page.getByText('16 px').waitFor();
    expect(await frameColour(page)).toBe(dark);
    expect(await rowHeight()).toBeGreaterThan(cozy + 8);
    await eventually(async () => (await frameColour(tab)) === dark || undefined);
    await page.reload();
    await page.locator('.row').first().waitFor();
    expect(await frameColour(page)).toBe(dark);
    expect(await page.evaluate(() => document.documentElement.style.fontSize)).toMatch(/^106\.6/);
    await page.getByRole('button', { name: 'Light theme' }).click();
    expect(await frameColour(page)).toBe(light);
    await page.context().close();
  }, 60_000);

  test('a chosen theme is there before anything else is drawn', async () => {
    const page = await enter('maya');
    await page.getByRole('button', { name: 'Dark theme' }).click();
    // The page's own script never comes.
    await page.route('**/assets/*.js', (route) => route.abort());
    await page.reload({ waitUntil: 'domcontentloaded' });
    await eventually(async () => (await frameColour(page)) === dark || undefined);
    await page.context().close();
  }, 30_000);

  test('names in Cyrillic and Vietnamese have the letters of the page, and the sign-in page fetches Latin alone', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    const loaded = () =>
      page.evaluate(() =>
        ['a', 'ě', 'ạ', 'Я'].filter((letter) => document.fonts.check('1em "Wix Madefor Text"', letter)),
      );
    await eventually(async () => (await loaded()).length > 0 || undefined);
    expect(await loaded()).toEqual(['a']);
    await signIn(page, 'maya@example.com');
    await eventually(async () => (await loaded()).length === 4 || undefined);
    await page.context().close();
  }, 30_000);

  test('a wide page shows the details as a third sheet, which Escape closes alone', async () => {
    const page = await enter('maya', {}, 1440);
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    await openAbout(page);
    const sheet = page.getByRole('complementary', { name: 'About Corner garden' });
    await sheet.getByRole('heading', { name: /^\d+ members$/ }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await sheet.getByRole('checkbox', { name: /^Mute/ }).click();
    await page
      .getByRole('link', { name: /^Corner garden/ })
      .locator('.muted-mark')
      .waitFor();
    await sheet.getByRole('checkbox', { name: /^Mute/ }).click();
    await page
      .getByRole('link', { name: /^Corner garden/ })
      .locator('.muted-mark')
      .waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    expect(page.url()).toMatch(/\/messages\/[0-9a-f-]{36}$/);
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(focused).toBe('About Corner garden');
    await page.context().close();
  }, 30_000);

  test('the filters show what is unread, and groups; what is open stays until one leaves it', async () => {
    const page = await enter('raj', {}, 1440);
    const ines = await apiOf(stage.parley, 'ines@example.com');
    await ines('/api/messages', { handle: 'raj', message: 'are the boards in?' });
    await page.getByRole('link', { name: /^Inês/ }).waitFor();
    await page.getByRole('button', { name: 'Groups', exact: true }).click();
    await page.getByRole('link', { name: /^Inês/ }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /garden/ }).waitFor();
    await page.getByRole('button', { name: 'Unread', exact: true }).click();
    await page.getByRole('link', { name: /^Inês/ }).click();
    await message(page, 'are the boards in?').waitFor();
    await page.getByRole('link', { name: /^Inês/ }).locator('.badge').waitFor({ state: 'detached' });
    expect(await page.getByRole('link', { name: /^Inês/ }).count()).toBe(1);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await page.getByRole('link', { name: /garden/ }).waitFor();
    await page.context().close();
  }, 30_000);

  test('a preview says who wrote: "You", in a group a first name, and for a notice nobody again', async () => {
    const tomas = await apiOf(stage.parley, 'tomas@example.com');
    const { message_group_uuid: uuid } = await tomas<{ message_group_uuid: string }>('/api/message_groups', {
      title: 'Previews',
      handles: ['raj'],
    });
    const page = await enter('raj');
    const preview = page.getByRole('link', { name: /Previews/ }).locator('.preview');
    await eventually(
      async () => (await preview.textContent())?.startsWith('Tomas Okafor created') || undefined,
    );
    await tomas('/api/messages', { message_group_uuid: uuid, message: 'who comes?' });
    await eventually(async () => (await preview.textContent()) === 'Tomas: who comes?' || undefined);
    await page.getByRole('link', { name: /Previews/ }).click();
    await write(page, 'I do');
    await eventually(async () => (await preview.textContent()) === 'You: I do' || undefined);
    await page.context().close();
  }, 30_000);

  test('a message that was not sent says so, also with another one below it, and goes out when asked', async () => {
    const page = await enter('ines');
    await page.getByRole('link', { name: /garden/ }).click();
    await page.route('**/api/messages', (route) => route.abort());
    await write(page, 'the first of two');
    await page.getByText('Not sent.').waitFor({ timeout: 20_000 });
    await write(page, 'the second of two');
    await page.getByText('Sending', { exact: true }).waitFor();
    expect(await page.getByText('Not sent.').count()).toBeGreaterThan(0);
    await page.unroute('**/api/messages');
    await message(page, 'the first of two').getByRole('button', { name: 'Try again' }).click();
    await page.locator('article[data-seq]', { hasText: 'the first of two' }).waitFor();
    await page.locator('article[data-seq]', { hasText: 'the second of two' }).waitFor({ timeout: 20_000 });
    await page.context().close();
  }, 60_000);

  test('hiding a conversation can be undone at once', async () => {
    const page = await enter('ines');
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    await openAbout(page);
    await page.getByRole('button', { name: 'Hide until the next message' }).click();
    await page.getByRole('link', { name: /garden/ }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: /garden/ }).waitFor();
    await page.context().close();
  }, 30_000);

  test('whoever is at the sign-in does not see what was hidden before', async () => {
    const page = await enter('ines');
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    await openAbout(page);
    await page.getByRole('button', { name: 'Hide until the next message' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    // The other tab's sign-out ends this one too.
    await page.evaluate(() => {
      const session = { key: 'parley.session', newValue: null };
      localStorage.removeItem(session.key);
      window.dispatchEvent(new StorageEvent('storage', session));
    });
    await page.getByLabel('E-mail').waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
    await page.context().close();
  }, 30_000);

  test('a group that is full says so, and adds nobody silently left out', async () => {
    const page = await enter('maya');
    const person = (index: number) => ({
      uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      handle: `p${index}`,
      display_name: `Person ${index}`,
      tone: 1,
    });
    let next = 0;
    await page.route('**/api/users?**', (route) => route.fulfill({ json: [person(next)] }));
    await page.keyboard.press('Control+k');
    await page.getByRole('button', { name: 'Create a group instead' }).click();
    for (next = 1; next <= 49; next += 1) {
      await page.getByLabel('Add people').fill(`p${next}`);
      await page.getByRole('option', { name: `Person ${next}`, exact: false }).click();
    }
    await page.getByText('A group begins with at most 48 others.').waitFor();
    expect(await page.getByRole('button', { name: /^Remove Person/ }).count()).toBe(48);
    await page.getByRole('button', { name: 'Remove Person 3', exact: true }).click();
    expect(await page.getByText('A group begins with').count()).toBe(0);
    await page.context().close();
  }, 120_000);

  test('on a phone a swipe to the end puts the conversation away, and a short or steep one does not', async () => {
    const context = await stage.browser.newContext({ viewport: { width: 390, height: 780 }, hasTouch: true });
    const page = await context.newPage();
    await page.goto(stage.parley.url);
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    await swipe(page, [40, 300], [100, 305]);
    await swipe(page, [40, 300], [240, 700]);
    await swipe(page, [40, 300], [260, 320], { second: [100, 500] });
    await page.waitForTimeout(300);
    expect(page.url()).toMatch(/\/messages\//);
    // One finger that drags an end of a selection.
    await page.evaluate(() =>
      document.getSelection()?.selectAllChildren(document.querySelector('.bubble') as Element),
    );
    await swipe(page, [40, 300], [260, 320]);
    await page.waitForTimeout(300);
    expect(page.url()).toMatch(/\/messages\//);
    await page.evaluate(() => document.getSelection()?.removeAllRanges());
    await swipe(page, [40, 300], [260, 320]);
    await page.waitForURL(`${stage.parley.url}/`);
    await page.getByRole('button', { name: 'New conversation' }).waitFor();
    await context.close();
  }, 30_000);

  test('on a phone what is known of a conversation comes from below, and a press beside it puts it away', async () => {
    const page = await enter('maya', { phone: true });
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    await openAbout(page);
    const sheet = page.getByRole('dialog');
    await eventually(async () => {
      const box = await sheet.boundingBox();
      return (box && box.x === 0 && box.width === 390 && Math.round(box.y + box.height) === 780) || undefined;
    });
    await page.mouse.click(195, 10);
    await sheet.waitFor({ state: 'detached' });
    await page.context().close();
  }, 30_000);

  test('nothing moves by itself while one opens, reads, writes and is written to', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    await page.addInitScript(() => {
      const shifts: string[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as Shift[])
          if (!entry.hadRecentInput)
            shifts.push(
              `${entry.value.toFixed(4)} ${entry.sources.map(({ node, previousRect: from, currentRect: to }) => `${(node as HTMLElement | null)?.className} ${from.x},${from.y} ${from.width}x${from.height} -> ${to.x},${to.y} ${to.width}x${to.height}`)}`,
            );
      }).observe({ type: 'layout-shift', buffered: true });
    });
    // The conversation is the newest one, because a row that rises to the top of the inbox moves.
    const maya = await apiOf(stage.parley, 'maya@example.com');
    await maya('/api/messages', { handle: 'tomas', message: 'before' });
    await page.reload();
    await signIn(page, 'tomas@example.com');
    await page.locator('.row', { hasText: 'before' }).waitFor();
    await page.getByRole('link', { name: /^Maya/ }).click();
    await page.locator('article').first().waitFor();
    for (const text of ['calm one', 'calm two', 'calm three']) {
      await maya('/api/messages', { handle: 'tomas', message: text });
      await message(page, text).waitFor();
      await page.waitForTimeout(700);
    }
    await write(page, 'four');
    await page.locator('.receipt').waitFor();
    await page.waitForTimeout(700);
    expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)).toEqual([]);
    await page.context().close();
  }, 60_000);

  test('with reduced motion nothing moves', async () => {
    const context = await stage.browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 1100, height: 720 },
    });
    const page = await context.newPage();
    await page.goto(stage.parley.url);
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /^Tomas/ }).click();
    await write(page, 'without a movement');
    await message(page, 'without a movement').waitFor();
    await openAbout(page);
    const moving = () =>
      page.evaluate(() =>
        document
          .getAnimations()
          .filter(({ effect }) => Number(effect?.getComputedTiming().duration ?? 0) > 1)
          .map((animation) => (animation as CSSAnimation).animationName),
      );
    expect(await moving()).toEqual([]);
    await context.close();
  }, 30_000);

  const harder: Record<string, (page: Page) => Promise<void>> = {
    'in forced colours': (page) => page.emulateMedia({ forcedColors: 'active' }),
    'in forced colours on dark': (page) => page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' }),
    'with text of 200 %': (page) =>
      page.evaluate(() => {
        document.documentElement.style.fontSize = '200%';
      }),
  };
  for (const [name, make] of Object.entries(harder)) {
    for (const width of [320, 1440]) {
      test(`${name}, ${width} px wide, axe finds nothing and nothing scrolls sideways`, async () => {
        const page = await enter('maya', {}, width, 760);
        await make(page);
        await sound(page);
        await page.getByRole('link', { name: /garden/ }).click();
        await page.locator('article').first().waitFor();
        await messageBox(page).fill('half a thought');
        await sound(page);
        await openAbout(page);
        await page.getByRole('heading', { name: /^\d+ members$/ }).waitFor();
        await sound(page);
        await page.getByRole('button', { name: 'Leave the group' }).click();
        await page.getByRole('heading', { name: /^Leave Corner garden/ }).waitFor();
        await sound(page);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Close' }).first().click();
        await page.keyboard.press('Control+k');
        await page.getByRole('button', { name: 'Create a group instead' }).click();
        await page.getByLabel('Add people').fill('raj');
        await page.getByRole('option', { name: /Raj/ }).click();
        await page.getByRole('button', { name: 'Remove Raj Patel' }).waitFor();
        await sound(page);
        await page.context().close();
      }, 60_000);
    }
  }
});

/** What the browser reports of something that moved. */
type Shift = PerformanceEntry & {
  value: number;
  hadRecentInput: boolean;
  sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
};

/** A finger that goes from one point to another, perhaps with a second one that joins it and stays. */
async function swipe(
  page: Page,
  [fromX, fromY]: [number, number],
  [toX, toY]: [number, number],
  { second }: { second?: [number, number] } = {},
) {
  const debug = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number, y: number) =>
    debug.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [{ x, y }, ...others],
    });
  const others: { x: number; y: number }[] = [];
  await touch('touchStart', fromX, fromY);
  if (second) {
    others.push({ x: second[0], y: second[1] });
    await touch('touchStart', fromX, fromY);
  }
  for (let step = 1; step <= 10; step += 1)
    await touch('touchMove', fromX + ((toX - fromX) * step) / 10, fromY + ((toY - fromY) * step) / 10);
  await touch('touchEnd', toX, toY);
}

/** Fails with what axe finds, with what is wider than its place, and with what a dialog cuts off. */
async function sound(page: Page) {
  await page.waitForTimeout(400);
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('dialog, .rows, .details-body')]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => element.className || element.tagName),
  );
  expect(wide).toEqual([]);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('dialog[open] :is(button, input, h2)')]
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < -1 || right > document.documentElement.clientWidth + 1;
      })
      .map((element) => element.outerHTML.slice(0, 100)),
  );
  expect(cut).toEqual([]);
  const found = await page.evaluate(`(async () => { ${axe}
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    // Forced colours are the system's own, which axe does not know.
    const rules = { 'color-contrast': { enabled: !matchMedia('(forced-colors: active)').matches } };
    const { violations } = await window.axe.run(document, { runOnly, rules });
    return violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 2).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | '));
  })()`);
  expect(found).toEqual([]);
}
