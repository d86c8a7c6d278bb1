import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { noteSecret } from '@parley/engines/testing/suite-log';
import type { Browser, Page } from 'playwright-core';
import {
  apiOf,
  changeMember,
  eventually,
  hasChromium,
  launch,
  message,
  messageBox,
  openAbout,
  openPage,
  type Parley,
  signIn,
  startCable,
  startParley,
  texts,
  write,
} from './parley.ts';

/* The browser chat as people use it: a running system, and a real browser for each person. */

const withBrowser = hasChromium ? describe : describe.skip;

withBrowser('the browser chat', () => {
  let parley: Parley;
  let browsers: [Browser, Browser];
  let cable: Awaited<ReturnType<typeof startCable>>;
  let ana: Page;
  let ben: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    parley = await startParley();
    cable = await startCable(parley);
    browsers = await Promise.all([launch(), launch()]);
    ana = await openPage(browsers[0], parley.url);
    ben = await openPage(browsers[1], cable.url);
    for (const page of [ana, ben]) {
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (line) => {
        if (/Content Security Policy|TrustedScript/i.test(line.text())) complaints.push(line.text());
      });
    }
  }, 150_000);

  afterAll(async () => {
    await Promise.all((browsers ?? []).map((browser) => browser.close()));
    await cable?.stop();
    await parley?.stop();
  }, 30_000);

  async function signUp(page: Page, handle: string, name: string) {
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Handle').fill(handle);
    await page.getByLabel('E-mail').fill(`${handle}@example.org`);
    await page.getByLabel('Password').fill('Sesame-2026-x');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByLabel('Code').fill('123456');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('No conversations yet.').waitFor();
  }

  test('two people sign up, confirm, and are signed in', async () => {
    await signUp(ana, 'ana', 'Ana Lima');
    await signUp(ben, 'ben', 'Ben Okri');
  }, 60_000);

  test('one finds the other, writes, and the other sees it unread at once', async () => {
    await ana.keyboard.press('Control+k');
    await ana.getByLabel('To').fill('be');
    await ana.getByRole('option', { name: /Ben Okri/ }).click();
    await write(ana, 'Hello Ben, see https://example.org/a_(b).');
    await ana.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
    await message(ana, 'Hello Ben, see https://example.org/a_(b).').waitFor();
    await ben.locator('.row .badge').waitFor();
    expect(await ben.locator('.row .badge').textContent()).toBe('1 unread');
    expect(await ben.title()).toBe('(1) Parley');
  }, 30_000);

  test('opening reads it, the badge goes, and the sender sees the receipt', async () => {
    await ben.locator('.row').click();
    await message(ben, 'Hello Ben, see https://example.org/a_(b).').waitFor();
    await ben.locator('.row .badge').waitFor({ state: 'detached' });
    await eventually(async () => (await ben.title()) === 'Parley' || undefined);
    await ana.getByText('Seen', { exact: true }).waitFor();
    const link = ben.locator('article a');
    expect(await link.getAttribute('href')).toBe('https://example.org/a_(b)');
    expect(await link.getAttribute('rel')).toContain('noopener');
  }, 30_000);

  test('typing and presence show on the other side', async () => {
    await messageBox(ben).pressSequentially('I am', { delay: 20 });
    await ana.getByText('Ben Okri is typing …').waitFor();
    await ana.locator('.bar-text').getByText('online').waitFor();
    await write(ben, 'I am here');
    await message(ana, 'I am here').waitFor();
    await ana.getByText('Ben Okri is typing …').waitFor({ state: 'detached' });
  }, 30_000);

  test('text is text: markup is shown, not run', async () => {
    const nasty = '<img src=x onerror="alert(1)"> javascript:alert(1) <b>bold</b>';
    await write(ana, nasty);
    await message(ben, nasty).waitFor();
    expect(await ben.locator('article img, article b').count()).toBe(0);
  }, 30_000);

  test('a draft waits, also after a reload', async () => {
    await messageBox(ana).fill('unfinished');
    await ana.reload();
    await messageBox(ana).waitFor();
    expect(await messageBox(ana).inputValue()).toBe('unfinished');
    await messageBox(ana).fill('');
  }, 30_000);

  test('who was cut off misses 30 messages, and returns with exactly those', async () => {
    await message(ben, 'I am here').waitFor();
    cable.cut();
    await ben.locator('.banner').waitFor();
    const uuid = ana.url().slice(-36);
    const send = await apiOf(parley, 'ana@example.org', 'Sesame-2026-x');
    const missed = Array.from({ length: 30 }, (_, index) => `missed ${index + 1}`);
    for (const text of missed) await send('/api/messages', { message_group_uuid: uuid, message: text });
    await write(ben, 'written without a network');
    await ben.waitForTimeout(500);
    expect((await texts(ben)).filter((text) => text.startsWith('missed'))).toEqual([]);
    cable.mend();
    await ben.getByRole('button', { name: 'Try now' }).click();
    await message(ben, 'missed 30').waitFor();
    await ben.locator('.banner').waitFor({ state: 'detached' });
    const seen = await allTexts(ben);
    expect(seen.filter((text) => text.startsWith('missed'))).toEqual(missed);
    await message(ana, 'written without a network').waitFor();
    expect((await allTexts(ben)).filter((text) => text === 'written without a network')).toHaveLength(1);
    expect(await seqs(ben)).toEqual((await seqs(ben)).map((_, index, all) => (all[0] ?? 0) + index));
  }, 60_000);

  test('a message that cannot be sent says so, and appears once after a retry', async () => {
    await ana.route('**/api/messages', (route) => route.abort());
    await write(ana, 'stubborn');
    await ana.getByText('Sending', { exact: true }).waitFor();
    await ana.getByText('Not sent.').waitFor({ timeout: 20_000 });
    await ana.unroute('**/api/messages');
    await ana.getByRole('button', { name: 'Try again' }).click();
    await message(ben, 'stubborn').waitFor();
    await ana.getByText('Not sent.').waitFor({ state: 'detached' });
    for (const page of [ana, ben]) {
      expect((await allTexts(page)).filter((text) => text === 'stubborn')).toHaveLength(1);
    }
  }, 60_000);

  test('a send whose answer is lost is repeated with the same key, and appears once', async () => {
    const keys: (string | undefined)[] = [];
    await ana.route('**/api/messages', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      const answer = await route.fetch();
      if (keys.length < 3) await route.abort();
      else await route.fulfill({ response: answer });
    });
    await write(ana, 'said once');
    await message(ben, 'said once').waitFor();
    await eventually(() => keys.length >= 3 || undefined);
    await ana.waitForTimeout(500);
    await ana.unroute('**/api/messages');
    expect(new Set(keys).size).toBe(1);
    for (const page of [ana, ben]) {
      expect((await allTexts(page)).filter((text) => text === 'said once')).toHaveLength(1);
    }
  }, 60_000);

  test('a muted conversation keeps a quiet badge, a hidden one returns with its next message', async () => {
    const settings = async (page: Page) => {
      await page.getByRole('button', { name: /^About / }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
    };
    await settings(ben);
    await ben.getByRole('checkbox', { name: /^Mute/ }).focus();
    await ben.keyboard.press('Space');
    await ben.locator('.muted-mark').waitFor();
    await ben.keyboard.press('Escape');
    await ben.keyboard.press('Escape');
    await write(ana, 'not that important');
    await ben.locator('.row.muted .badge').waitFor();
    expect(await ben.title()).toBe('Parley');

    await ben.locator('.row').click();
    await settings(ben);
    await ben.getByRole('button', { name: 'Hide until the next message' }).focus();
    await ben.keyboard.press('Enter');
    await ben.locator('.row').waitFor({ state: 'detached' });
    await ben.getByRole('button', { name: 'Hidden conversations' }).click();
    await ben.locator('.row.muted').waitFor();
    await ben.getByRole('button', { name: 'Back to the inbox' }).click();
    await ben.reload();
    await ben.getByRole('button', { name: 'New conversation' }).waitFor();
    await ben.waitForTimeout(500);
    expect(await ben.locator('.row').count()).toBe(0);
    await write(ana, 'are you there?');
    await ben.locator('.row.muted').click();
    await message(ben, 'are you there?').waitFor();
    await settings(ben);
    await ben.getByRole('checkbox', { name: /^Mute/ }).click();
    await ben.locator('.muted-mark').waitFor({ state: 'detached' });
    await ben.keyboard.press('Escape');
  }, 60_000);

  test('a group is created, renamed and left', async () => {
    await ana.getByRole('button', { name: 'New conversation' }).click();
    await ana.getByRole('button', { name: 'Create a group instead' }).click();
    await ana.getByLabel('Add people').fill('ben');
    await ana.getByRole('option', { name: /Ben Okri/ }).click();
    await ana.getByLabel('Title').fill('Harbour');
    await ana.getByRole('button', { name: 'Create group' }).click();
    await ana.getByRole('heading', { name: 'Harbour' }).waitFor();
    await write(ana, 'Welcome aboard');
    await ben.getByRole('link', { name: /Harbour/ }).click();
    await message(ben, 'Welcome aboard').waitFor();
    await openAbout(ana);
    await ana.getByLabel('Title').fill('Harbour watch');
    await ana.getByRole('button', { name: 'Rename' }).click();
    await ana.getByRole('button', { name: 'Close' }).click();
    await ben.getByRole('heading', { name: 'Harbour watch' }).waitFor();
    await openAbout(ana);
    await changeMember(ana, 'Change Ben Okri', 'Remove');
    await ana.getByRole('button', { name: 'Remove', exact: true }).click();
    await ben.getByText('You are no longer a member of this group.').waitFor();
    await ana.getByRole('button', { name: 'Close' }).click();
  }, 60_000);

  test('a long history scrolls to its beginning and jumps back to its end', async () => {
    const page = await openPage(browsers[0], parley.url);
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /^Tomas/ }).click();
    await page.locator('article').first().waitFor();
    await page.locator('.scroller').focus();
    await eventually(async () => {
      await page.keyboard.press('Home');
      return (await page.getByText('This is the beginning').count()) > 0 || undefined;
    });
    await page.locator('article[data-seq="1"]').waitFor();
    await page.getByRole('button', { name: /Newest/ }).click();
    await page.locator('article[data-seq="100"]').waitFor();
    await page.context().close();
  }, 60_000);

  test('an address that is not a conversation says so, and one of a person begins one', async () => {
    await ana.goto(`${parley.url}/messages/00000000-0000-4000-8000-000000000000`);
    await ana.getByText('This conversation does not exist').waitFor();
    await ana.goto(`${parley.url}/messages/new/nobody-at-all`);
    await ana.getByText('There is nobody with this handle.').waitFor();
    await ana.goto(`${parley.url}/messages/new/ben`);
    await ana.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
  }, 30_000);

  test('the first load brings at most 130 KB of script, 15 KB of style and 40 KB of letters, compressed', async () => {
    const page = await (await browsers[0].newContext()).newPage();
    const parts: { type: string; body: Promise<Buffer> }[] = [];
    page.on('response', (response) => {
      parts.push({ type: response.request().resourceType(), body: response.body() });
    });
    await page.goto(parley.url);
    await page.getByLabel('E-mail').waitFor();
    const limits = { script: 130_000, stylesheet: 15_000, font: 40_000 };
    for (const [type, limit] of Object.entries(limits)) {
      const bodies = await Promise.all(parts.filter((part) => part.type === type).map(({ body }) => body));
      const bytes = bodies.map((body) => (type === 'font' ? body : gzipSync(body)).length);
      const sum = bytes.reduce((all, size) => all + size, 0);
      expect([type, bytes.length > 0, sum <= limit, sum]).toEqual([type, true, true, sum]);
    }
    await page.context().close();
  }, 30_000);

  test('a forgotten password is replaced with a code', async () => {
    const page = await openPage(browsers[0], parley.url);
    await page.getByRole('button', { name: 'Forgot password' }).click();
    await page.getByLabel('E-mail').fill('ines@example.com');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await page.getByLabel('Code').fill('123456');
    noteSecret('New-Sesame-99');
    await page.getByRole('textbox', { name: 'Password' }).fill('New-Sesame-99');
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await page.getByRole('link', { name: /garden/ }).waitFor();
    await page.context().close();
  }, 30_000);

  test('notifications come on request only, for what is not muted, and lead to the conversation', async () => {
    const page = await openPage(browsers[0], parley.url);
    // What the browser would show and ask, and whether somebody looks at the page.
    await page.addInitScript(() => {
      const shown: object[] = [];
      class Recorder {
        static permission = 'default';
        static async requestPermission() {
          Recorder.permission = 'granted';
          return 'granted';
        }
        constructor(title: string, options: object) {
          shown.push(Object.assign(this, { title, ...options }));
        }
        close() {}
      }
      Object.assign(window, { Notification: Recorder, shown });
      Object.defineProperty(document, 'hidden', { get: () => true });
    });
    await page.reload();
    await signIn(page, 'tomas@example.com');
    const send = await apiOf(parley, 'maya@example.com');
    const say = (message: string) => send('/api/messages', { handle: 'tomas', message });
    const preview = (text: string) => page.locator('.row').getByText(text).waitFor();
    const shown = () =>
      page.evaluate(() =>
        (window as unknown as { shown: { body: string; title: string }[] }).shown.map(
          ({ title, body }) => `${title}: ${body}`,
        ),
      );
    await say('before it was asked for');
    await preview('before it was asked for');
    expect(await shown()).toEqual([]);

    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    await page.getByRole('checkbox', { name: /^Notify me/ }).click();
    await page.keyboard.press('Escape');
    await say('are you coming?');
    await preview('are you coming?');
    await eventually(async () => (await shown()).length > 0 || undefined);
    expect(await shown()).toEqual([expect.stringMatching(/^Maya.*: are you coming\?$/)]);
    await page.evaluate(() => {
      (window as unknown as { shown: { onclick(): void }[] }).shown[0]?.onclick();
    });
    await page.waitForURL(/\/messages\/[0-9a-f-]{36}$/);

    await openAbout(page);
    await page.getByRole('checkbox', { name: /^Mute/ }).click();
    await page.locator('.muted-mark').waitFor();
    await page.keyboard.press('Escape');
    await say('whenever you like');
    await message(page, 'whenever you like').waitFor();
    expect(await shown()).toHaveLength(1);
    await page.context().close();
  }, 60_000);

  async function openProfile(page: Page) {
    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    await page.getByRole('dialog').waitFor();
  }

  /** Opens the confirmation and types the handle, so that it can be confirmed. */
  async function askForDeletion(page: Page, handle: string, password: string) {
    await openProfile(page);
    await page.getByRole('button', { name: 'Delete account' }).click();
    await page.getByLabel('Your handle').fill(handle);
    await page.getByLabel('Your password').fill(password);
    return page.getByRole('button', { name: 'Delete my account' });
  }

  const sessionEnded = (page: Page) =>
    eventually(async () =>
      (await page.evaluate(() => localStorage.getItem('parley.session'))) === null ? true : undefined,
    );

  test('one’s data is a file of what one wrote; while it comes it is asked for once, and a refusal says why', async () => {
    const exportPath = '**/api/profile/export';
    await openProfile(ana);
    const button = ana.getByRole('button', { name: /^Download/ });
    await ana.route(exportPath, (route) => route.fulfill({ status: 429, json: ['rate_limited'] }));
    await button.click();
    await ana.getByText('Your data could not be downloaded. Too much at once. Wait a moment.').waitFor();
    await ana.unroute(exportPath);

    let asked = 0;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await ana.route(exportPath, async (route) => {
      asked += 1;
      await held;
      await route.continue();
    });
    const saved = ana.waitForEvent('download');
    await button.click();
    await ana.getByRole('button', { name: 'Downloading …', disabled: true }).waitFor();
    await button.press('Enter');
    letGo();
    const download = await saved;
    expect(asked).toBe(1);
    await ana.getByText(`Saved as ${download.suggestedFilename()}`).waitFor();
    await ana.getByRole('button', { name: 'Download my data', disabled: false }).waitFor();
    await ana.unroute(exportPath);
    await ana.keyboard.press('Escape');

    expect(download.suggestedFilename()).toMatch(/^parley-ana-\d{4}-\d\d-\d\d\.jsonl$/);
    const lines: Record<string, unknown>[] = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [first, person] = lines;
    expect(first).toMatchObject({ line: 'export', scope: 'person' });
    expect(person).toMatchObject({ line: 'person', handle: 'ana', email: 'ana@example.org' });
    const written = lines.filter(({ line }) => line === 'entry').map(({ message }) => message);
    expect(written).toEqual(expect.arrayContaining(['missed 30', 'stubborn', 'Welcome aboard']));
    expect(written).not.toContain('I am here');
    expect(lines.at(-1)).toMatchObject({ line: 'manifest', entries: written.length });
  }, 60_000);

  test('an account is not deleted by a slip, and a deletion that is refused leaves it signed in and says why', async () => {
    const confirm = await askForDeletion(ana, 'an', 'Sesame-2026-x');
    expect(await confirm.isDisabled()).toBe(true);
    await ana.keyboard.press('Escape');
    await ana.getByLabel('Your handle').waitFor({ state: 'detached' });
    const opener = ana.getByRole('button', { name: 'Delete account' });
    expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
    await ana.keyboard.press('Enter');
    await ana.route('**/api/profile', (route) => route.fulfill({ status: 503, json: ['busy'] }));
    await ana.keyboard.type('@ana');
    await ana.keyboard.press('Tab');
    await ana.keyboard.type('Sesame-2026');
    await ana.keyboard.press('Enter');
    await ana.getByText('The e-mail address or the password is wrong.').waitFor();
    await ana.keyboard.type('-x');
    await ana.keyboard.press('Enter');
    await ana.getByText('The deletion was not confirmed. Parley is busy. Try again.').waitFor();
    await ana.unroute('**/api/profile');
    await ana.getByRole('button', { name: 'Keep it' }).click();
    await ana.keyboard.press('Escape');
    await ana.reload();
    await messageBox(ana).waitFor();
  }, 30_000);

  test('who deletes the account is told so in every tab, also where the session ends before the answer', async () => {
    const tab = await ana.context().newPage();
    await tab.goto(parley.url);
    await tab.getByRole('button', { name: 'New conversation' }).waitFor();
    await ben.locator('.row').filter({ hasText: 'Ana Lima' }).click();
    await message(ben, 'are you there?').waitFor();
    await ana.route('**/api/messages', (route) => route.abort());
    await write(ana, 'never sent');
    await ana.getByText('Sending', { exact: true }).waitFor();
    await messageBox(ana).fill('half a thought');
    const kept = () => ana.evaluate(() => Object.keys(localStorage).map((key) => key.split('.')[1]));
    expect(await kept()).toEqual(expect.arrayContaining(['session', 'draft', 'outbox']));

    const confirm = await askForDeletion(ana, 'ana', 'Sesame-2026-x');
    await ana.route('**/api/profile', async (route) => {
      if (route.request().method() !== 'DELETE') return route.continue();
      const response = await route.fetch();
      // The node closes the socket, the user pool knows nobody: nothing says why.
      await sessionEnded(ana);
      await ana.keyboard.press('Escape');
      await ana.keyboard.press('Escape');
      await ana.getByRole('button', { name: 'Deleting …' }).waitFor();
      await route.fulfill({ response });
    });
    await confirm.click();
    for (const page of [ana, tab]) await page.getByText('Your account is deleted.').waitFor();
    expect(new URL(ana.url()).pathname).toBe('/');
    expect(await kept()).toEqual([]);
    await tab.close();

    await ana.getByLabel('E-mail').fill('ana@example.org');
    await ana.getByLabel('Password').fill('Sesame-2026-x');
    await ana.getByRole('button', { name: 'Sign in' }).click();
    await ana.getByText('The e-mail address or the password is wrong.').waitFor();

    await ben.getByRole('heading', { name: 'Deleted user' }).waitFor();
    await ben.locator('.row').filter({ hasText: 'Deleted user' }).first().waitFor();
    await message(ben, 'are you there?').waitFor({ state: 'detached' });
    expect(await allTexts(ben)).not.toContain('stubborn');
    await ben.goto(`${cable.url}/messages/new/ana`);
    await ben.getByText('There is nobody with this handle.').waitFor();
  }, 60_000);

  test('a deletion whose answer is lost says that it is unclear', async () => {
    const page = await openPage(browsers[0], parley.url);
    await signIn(page, 'raj@example.com');
    await page.route('**/api/profile', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await (await askForDeletion(page, 'raj', 'Parley-demo-1')).click();
    await page.getByText('You were signed out before the deletion was confirmed.').waitFor();
    await page.context().close();
  }, 30_000);

  test('signing out ends the session, here and in another tab', async () => {
    const tab = await ben.context().newPage();
    await tab.goto(cable.url);
    await tab.getByRole('button', { name: 'New conversation' }).waitFor();
    await ben.getByRole('button', { name: 'Your profile and settings' }).click();
    await ben.getByRole('button', { name: 'Sign out on all devices' }).click();
    await ben.getByRole('button', { name: 'Sign out', exact: true }).click();
    await ben.getByLabel('E-mail').waitFor();
    await tab.getByLabel('E-mail').waitFor();
  }, 30_000);

  test('nothing was thrown, and the security policy refused nothing of ours', () => {
    expect(complaints).toEqual([]);
  });
});

/** Everything in the list from its top to its end: the virtual list holds what is near the view. */
async function collect(page: Page, read: () => Promise<[number, string][]>) {
  const found = new Map<number, string>();
  const scroller = page.locator('.scroller');
  // A list that follows its end goes on doing so until it is measured, and older entries join it above.
  await eventually(async () => {
    await scroller.evaluate((element) => element.scrollTo(0, 0));
    await stillness(page);
    return (await scroller.evaluate((element) => element.scrollTop === 0)) || undefined;
  });
  for (let steps = 0; steps < 500; steps += 1) {
    await stillness(page);
    for (const [seq, text] of await read()) found.set(seq, text);
    const isDone = await scroller.evaluate((element) => {
      const before = element.scrollTop;
      element.scrollBy(0, element.clientHeight * 0.5);
      return element.scrollTop === before;
    });
    if (isDone) return [...found].sort(([a], [b]) => a - b);
  }
  throw new Error('the list has no end');
}

/** What is in view has been drawn, and nothing moves any more: rows are measured, and older ones may be loading. */
async function stillness(page: Page) {
  const look = () =>
    page.locator('.scroller').evaluate((element) => {
      const rows = [...element.querySelectorAll<HTMLElement>('article')].map(({ dataset }) => dataset.seq);
      return `${element.scrollTop} ${element.scrollHeight} ${rows}`;
    });
  let before = '';
  await eventually(async () => {
    await page.waitForTimeout(100);
    const now = await look();
    const isStill = now === before;
    before = now;
    return isStill || undefined;
  });
}

/** Texts with their number of appearances: two articles of one seq, or a pending one beside its entry, count twice. */
async function allTexts(page: Page) {
  const twice: string[] = [];
  const rows = await collect(page, async () => {
    const visible = await page
      .locator('article')
      .evaluateAll((all) =>
        all.map((each) => [
          Number((each as HTMLElement).dataset.seq ?? 1e9),
          each.querySelector('.text')?.textContent ?? '',
        ]),
      );
    const numbers = visible.map(([seq]) => seq);
    if (new Set(numbers).size !== numbers.length) twice.push('an entry is shown twice');
    return visible as [number, string][];
  });
  return [...rows.map(([, text]) => text), ...twice];
}

async function seqs(page: Page) {
  const rows = await collect(page, async () => {
    const visible = await page
      .locator('article[data-seq]')
      .evaluateAll((all) => all.map((each) => [Number((each as HTMLElement).dataset.seq), '']));
    return visible as [number, string][];
  });
  return rows.map(([seq]) => seq);
}
