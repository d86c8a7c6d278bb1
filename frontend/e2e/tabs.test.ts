import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { apiOf, eventually, messageBox, openPage, signIn, write } from './parley.ts';
import { withBrowser } from './suite.ts';

/* One browser with more than one tab or account: nothing of one person is done as another, and nothing is done twice. */

withBrowser('the tabs and accounts of one browser', (stage) => {
  const stored = (page: Page) => page.evaluate(() => localStorage.getItem('parley.session') ?? '');

  async function sessionOf(handle: string) {
    const page = await openPage(stage.browser, stage.parley.url);
    await signIn(page, `${handle}@example.com`);
    const session = await stored(page);
    await page.context().close();
    return session;
  }

  /** What another tab of this browser does to the sign-in. */
  async function otherTab(page: Page) {
    const tab = await page.context().newPage();
    await tab.goto(`${stage.parley.url}/api/health-check`);
    return {
      signIn: (session: string) =>
        tab.evaluate((text) => localStorage.setItem('parley.session', text), session),
      signOut: () => tab.evaluate(() => localStorage.removeItem('parley.session')),
    };
  }

  test('a tab goes over to who signs in in another tab, and nothing typed before is sent as them', async () => {
    const tomas = await sessionOf('tomas');
    const page = await openPage(stage.browser, stage.parley.url);
    await signIn(page, 'maya@example.com');
    const tab = await otherTab(page);
    await page.getByRole('link', { name: /garden/ }).click();
    // The first answer is late: it is repeated when somebody else is signed in.
    let free = () => {};
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    const posted: string[] = [];
    await page.route('**/api/messages', async (route) => {
      posted.push(String(await route.request().headerValue('authorization')));
      if (posted.length > 1) return route.continue();
      await held;
      await route.fulfill({ status: 401, json: ['generic_401'] });
    });
    await write(page, 'in the name of Maya');
    await tab.signIn(tomas);
    await page.getByRole('link', { name: /^Maya Lindqvist/ }).waitFor();
    free();
    await page.waitForTimeout(1_500);
    expect(posted.length).toBe(1);
    const send = await apiOf(stage.parley, 'tomas@example.com');
    const rows = await send<{ message: string }[]>('/api/message_groups');
    expect(rows.map(({ message }) => message)).not.toContain('in the name of Maya');

    // She finds it again, and it is sent as hers.
    await tab.signOut();
    await page.getByLabel('E-mail').waitFor();
    await signIn(page, 'maya@example.com');
    await eventually(async () => {
      const [row] = await send<{ message: string }[]>('/api/message_groups');
      return row?.message === 'in the name of Maya' || undefined;
    });
    await page.context().close();
  }, 60_000);

  test('a page that is starting while another tab renews or changes the sign-in starts once, as who is signed in', async () => {
    const maya = await sessionOf('maya');
    const raj = await sessionOf('raj');
    const page = await openPage(stage.browser, `${stage.parley.url}/api/health-check`);
    const tab = await otherTab(page);
    let sockets = 0;
    page.on('websocket', (socket) => {
      sockets += 1;
      socket.on('close', () => {
        sockets -= 1;
      });
    });
    await page.route('**/api/profile', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 800));
      await route.continue();
    });
    const open = async (meanwhile: () => Promise<unknown>) => {
      await tab.signIn(maya);
      const asked = page.waitForRequest('**/api/profile');
      await page.goto(stage.parley.url);
      await asked;
      await meanwhile();
    };
    const profile = page.getByRole('button', { name: 'Your profile and settings' });

    await open(() => tab.signIn(maya.replace(/"expiresAtMs":\d/, '"expiresAtMs":2')));
    await profile.waitFor();
    await page.waitForTimeout(1_500);
    expect(sockets).toBe(1);

    await open(() => tab.signIn(raj));
    await profile.click();
    await page.getByRole('heading', { name: '@raj' }).waitFor();

    await open(() => tab.signOut());
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.context().close();
  }, 60_000);

  test('signing out everywhere says so where nobody confirmed it', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    await signIn(page, 'ines@example.com');
    await page.route('**/api/sign-out', (route) => route.abort());
    const signOut = async () => {
      await page.getByRole('button', { name: 'Your profile and settings' }).click();
      await page.getByRole('button', { name: 'Sign out on all devices' }).click();
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByLabel('E-mail').waitFor();
    };
    const unconfirmed = page.getByText('Parley did not confirm it for your other devices');
    await signOut();
    await unconfirmed.waitFor();
    await page.unroute('**/api/sign-out');
    await signIn(page, 'ines@example.com');
    await signOut();
    expect(await unconfirmed.count()).toBe(0);
    await page.context().close();
  }, 30_000);

  test('what one types while the first message to somebody is under way stays, and goes on where it was', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    await signIn(page, 'raj@example.com');
    await page.goto(`${stage.parley.url}/messages/new/ines`);
    let free = () => {};
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    await page.route('**/api/messages', async (route) => {
      await held;
      await route.continue();
    });
    await write(page, 'the first');
    await messageBox(page).pressSequentially('the sec');
    free();
    await page.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
    await page.locator('article[data-seq]', { hasText: 'the first' }).waitFor();
    await page.keyboard.type('ond');
    expect(await messageBox(page).inputValue()).toBe('the second');
    await page.context().close();
  }, 30_000);

  test('a page that comes over plain HTTP from another machine sends, and makes groups', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    // What such a page lacks.
    await page.addInitScript(() =>
      Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined }),
    );
    await page.reload();
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /^Tomas/ }).click();
    await write(page, 'over plain HTTP');
    await page.locator('article[data-seq]', { hasText: 'over plain HTTP' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('button', { name: 'Create a group instead' }).click();
    await page.getByRole('combobox').fill('raj');
    await page.getByRole('option', { name: /Raj/ }).click();
    const create = page.getByRole('button', { name: 'Create group' });
    // Nothing of it can be seen.
    await page.getByLabel('Title').fill('\u2800\u200b');
    expect(await create.isDisabled()).toBe(true);
    await page.getByLabel('Title').fill('Plain');
    await create.click();
    await page.getByRole('heading', { name: 'Plain' }).waitFor();
    await page.context().close();
  }, 30_000);
});
