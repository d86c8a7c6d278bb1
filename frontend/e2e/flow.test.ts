import { expect, test } from '@jest/globals';
import { noteSecret } from '@parley/engines/testing/suite-log';
import type { Page } from 'playwright-core';
import {
  apiOf,
  changeMember,
  eventually,
  message,
  messageBox,
  openAbout,
  openPage,
  signIn,
  write,
} from './parley.ts';
import { withBrowser } from './suite.ts';

/* Ways through the browser chat: dialogs and their keys, people who go, addresses that lead nowhere. */

withBrowser('a way through the browser chat', (stage) => {
  type Look = Parameters<typeof openPage>[2];

  async function enter(handle: string, look: Look = {}, path = '') {
    const page = await openPage(stage.browser, stage.parley.url + path, look);
    await signIn(page, `${handle}@example.com`);
    return page;
  }

  /** What has the focus: its role or tag, and its name. */
  const focus = (page: Page) =>
    page.evaluate(() => {
      const now = document.activeElement;
      const label =
        now?.getAttribute('aria-label') ?? (now instanceof HTMLInputElement && now.labels?.[0]?.textContent);
      return `${now?.getAttribute('role') ?? now?.tagName.toLowerCase()} ${label || now?.textContent}`.trim();
    });
  const focused = (page: Page, wanted: string) =>
    eventually(
      async () => (await focus(page)) === wanted || undefined,
      5_000,
      () => `The focus is not on ${wanted}.`,
    ).catch(async (error) => {
      throw new Error(`${error.message} It is on ${await focus(page)}.`);
    });

  /** A group of Maya's with these people. */
  async function makeGroup(title: string, handles: string[]) {
    const maya = await apiOf(stage.parley, 'maya@example.com');
    const { message_group_uuid: uuid } = await maya<{ message_group_uuid: string }>('/api/message_groups', {
      title,
      handles,
    });
    return {
      uuid,
      send: (text: string) => maya('/api/messages', { message_group_uuid: uuid, message: text }),
    };
  }

  test('the search for people works by keys alone, and Escape closes the topmost thing only', async () => {
    const page = await enter('maya');
    await page.keyboard.press('Control+k');
    await focused(page, 'combobox To');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('r');
    await page.getByRole('option', { name: /Raj/ }).waitFor();
    const field = page.getByRole('combobox', { name: 'To' });
    expect(await field.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    await page.getByRole('option').first().waitFor({ state: 'detached' });
    expect(await page.getByRole('dialog').count()).toBe(1);

    await page.keyboard.type('o');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await focused(page, 'button New conversation').catch(() => {});
    await page.keyboard.press('Control+k');
    await page.keyboard.type('@');
    await page.keyboard.type('t');
    await page.getByRole('option', { name: /Tomas/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const active = await field.getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${active}"]`).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
    await focused(page, 'textarea Message to Tomas Okafor');

    await page.keyboard.type('half a thought');
    await page.keyboard.press('Escape');
    expect(page.url()).toMatch(/\/messages\/[0-9a-f-]{36}$/);
    await focused(page, 'textarea Message to Tomas Okafor');
    await page.keyboard.press('Control+k');
    await focused(page, 'combobox To');
    await page.keyboard.press('Escape');
    await focused(page, 'textarea Message to Tomas Okafor');
    expect(await messageBox(page).inputValue()).toBe('half a thought');
    await messageBox(page).fill('');

    await page.getByRole('button', { name: 'About Tomas Okafor' }).focus();
    await page.keyboard.press('Enter');
    await focused(page, 'h2 Tomas Okafor');
    await page.keyboard.press('Escape');
    await focused(page, 'button About Tomas Okafor');
    await page.keyboard.press('Escape');
    await page.getByText('Choose a conversation').waitFor();
    expect(await focus(page)).toMatch(/^a .*Tomas Okafor/);
    await page.context().close();
  }, 60_000);

  test('Enter picks nobody of those who were found for what was typed before', async () => {
    const page = await enter('maya');
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'To' });
    await field.fill('ines');
    await page.getByRole('option', { name: /Inês/ }).waitFor();
    let free = () => {};
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    await page.route('**/api/users?**', async (route) => {
      await held;
      await route.continue();
    });
    await field.fill('raj');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(300);
    await page.getByRole('dialog').waitFor();
    free();
    await page.getByRole('option', { name: /Raj/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Message to Raj Patel' }).waitFor();
    await page.context().close();
  }, 30_000);

  test('a dialog never begins at its close button, and no step of it loses the focus', async () => {
    const page = await enter('maya');
    await page.getByRole('button', { name: 'New conversation' }).click();
    await focused(page, 'combobox To');
    await page.getByRole('button', { name: 'Create a group instead' }).click();
    await focused(page, 'combobox Add people');
    for (const name of ['Raj', 'Tomas']) {
      await page.keyboard.type(name.slice(0, 2));
      await page.getByRole('option', { name: new RegExp(name) }).click();
      await focused(page, 'combobox Add people');
    }
    await page.getByRole('button', { name: /^Remove Tomas/ }).click();
    await focused(page, 'combobox Add people');
    await page.getByLabel('Title').fill('Seeds');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Seeds' }).waitFor();
    await focused(page, 'textarea Message to Seeds');

    await openAbout(page);
    await focused(page, 'h2 Seeds');
    await page.keyboard.press('Enter');
    await page.getByLabel('Add somebody').fill('ine');
    await page.getByRole('option', { name: /Inês/ }).waitFor();
    await page.keyboard.press('Enter');
    await focused(page, 'combobox Add somebody');
    await page.getByText('3 members', { exact: true }).first().waitFor();

    const removeByKeys = async () => {
      await page.keyboard.press('Enter');
      await focused(page, 'menuitem Make admin');
      await page.keyboard.press('ArrowDown');
      await focused(page, 'menuitem Remove');
      await page.keyboard.press('Enter');
    };
    await page.getByRole('button', { name: /^Change Inês/ }).focus();
    await page.keyboard.press('Enter');
    await focused(page, 'menuitem Make admin');
    // Escape closes the menu alone.
    await page.keyboard.press('Escape');
    await focused(page, 'button Change Inês Duarte');
    await removeByKeys();
    await page.getByRole('heading', { name: 'Remove Inês Duarte?' }).waitFor();
    await focused(page, 'button Cancel');
    await page.keyboard.press('Enter');
    await focused(page, 'button Change Inês Duarte');
    await removeByKeys();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('2 members', { exact: true }).first().waitFor();
    await focused(page, 'h2 Seeds');
    await page.getByRole('button', { name: 'Leave the group' }).click();
    await page.getByRole('heading', { name: 'Leave Seeds?' }).waitFor();
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByText('Choose a conversation').waitFor();
    await page.locator('.row').filter({ hasText: 'Seeds' }).waitFor({ state: 'detached' });
    expect(await focus(page)).not.toMatch(/^body/);
    await page.context().close();
  }, 60_000);

  test('who is removed reads so on a whole page, without what is no longer theirs to know', async () => {
    const { uuid } = await makeGroup('Compost', ['ines', 'raj']);
    const maya = await enter('maya', {}, `/messages/${uuid}`);
    const ines = await enter('ines', {}, `/messages/${uuid}`);
    await ines.getByText('3 members').waitFor();
    await openAbout(ines);
    await openAbout(maya);
    await changeMember(maya, /^Change Inês/, 'Remove');
    await maya.getByRole('button', { name: 'Remove', exact: true }).click();
    await ines.getByText('You are no longer a member of this group.').waitFor();
    expect(await ines.getByRole('dialog').count()).toBe(0);
    expect(await ines.getByText('3 members').count()).toBe(0);
    expect(await ines.getByRole('button', { name: /^About / }).count()).toBe(0);
    expect(await messageBox(ines).count()).toBe(0);
    const heights = await ines.evaluate(() =>
      ['.conversation', '.conversation > .nothing', '.conversation > .bar'].map(
        (selector) => document.querySelector(selector)?.getBoundingClientRect().height ?? 0,
      ),
    );
    const [whole = 0, said = 0, bar = 0] = heights;
    expect(said).toBeGreaterThan(whole - bar - 40);
    expect(await focus(ines)).not.toMatch(/^body/);
    await ines.getByRole('button', { name: 'Go to the inbox' }).click();
    await ines.getByText('Choose a conversation').waitFor();
    await Promise.all([maya, ines].map((page) => page.context().close()));
  }, 60_000);

  test('an address that leads nowhere says so, and leads back', async () => {
    for (const look of [{}, { phone: true }]) {
      const page = await openPage(stage.browser, `${stage.parley.url}/nonsense`, look);
      await page.getByLabel('E-mail').fill('maya@example.com');
      await page.getByLabel('Password').fill('Parley-demo-1');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
      await page.getByRole('button', { name: 'Go to the inbox' }).click();
      await page.locator('.row').first().waitFor();
      expect(new URL(page.url()).pathname).toBe('/');
      expect(await focus(page)).not.toMatch(/^body/);
      await page.goto(`${stage.parley.url}/messages/no-uuid`);
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
      await page.context().close();
    }
  }, 60_000);

  test('one heading of the first level is on every page, also on a phone', async () => {
    const page = await enter('maya', { phone: true });
    const levels = () =>
      page.evaluate(
        () => [...document.querySelectorAll('h1')].filter((each) => each.getClientRects().length).length,
      );
    expect(await levels()).toBe(1);
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('article').first().waitFor();
    expect(await levels()).toBe(1);
    await page.goto(`${stage.parley.url}/nonsense`);
    await page.getByText('There is no such page').waitFor();
    expect(await levels()).toBe(1);
    await page.context().close();
  }, 30_000);

  test('times are in English where the browser speaks another language', async () => {
    const context = await stage.browser.newContext({
      locale: 'de-DE',
      viewport: { width: 1100, height: 720 },
    });
    const page = await context.newPage();
    await page.goto(stage.parley.url);
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /garden/ }).click();
    await page.locator('.day').first().waitFor();
    expect(await page.locator('.day').first().textContent()).toMatch(/^(Today|Yesterday)$/);
    const title = await page.locator('.row time').first().getAttribute('title');
    expect(title).toMatch(/^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day/);
    await context.close();
  }, 30_000);

  test('nothing is broken within a word or scrolls sideways at 320 px', async () => {
    const { uuid } = await makeGroup('Narrow', ['ines', 'raj']);
    const page = await enter('maya');
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${stage.parley.url}/messages/${uuid}`);
    await openAbout(page);
    await page.getByRole('button', { name: /^Change Raj/ }).click();
    const remove = page.getByRole('menuitem', { name: 'Make admin' });
    const lines = await remove.evaluate((button) => {
      const range = document.createRange();
      // Behind its icon.
      range.selectNodeContents(button.lastChild ?? button);
      return new Set([...range.getClientRects()].map(({ top }) => top)).size;
    });
    expect(lines).toBe(1);
    const isWider = () =>
      page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('dialog')].some(
          (element) => element.scrollWidth > element.clientWidth,
        ),
      );
    expect(await isWider()).toBe(false);
    await page.goto(stage.parley.url);
    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    expect(await isWider()).toBe(false);
    await page.getByRole('button', { name: 'Sign out on all devices' }).click();
    await page.getByRole('heading', { name: 'Sign out on all devices?' }).waitFor();
    expect(await isWider()).toBe(false);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByLabel('Name').waitFor();
    await page.context().close();
  }, 30_000);

  test('a screen reader hears who changed a group once, and who wrote', async () => {
    const { uuid, send } = await makeGroup('Heard', ['ines', 'raj']);
    const ines = await enter('ines', {}, `/messages/${uuid}`);
    await ines.getByText('3 members').waitFor();
    await ines.locator('.notice').first().waitFor();
    const said = ines.locator('.conversation > .unseen[aria-live]');
    await send('a word');
    await eventually(async () => (await said.textContent()) === 'Maya Lindqvist: a word' || undefined);
    const maya = await enter('maya', {}, `/messages/${uuid}`);
    await openAbout(maya);
    await maya.getByLabel('Add somebody').fill('tom');
    await maya.getByRole('option', { name: /Tomas/ }).click();
    const text = await eventually(async () => {
      const now = (await said.textContent()) ?? '';
      return now.includes('Tomas') ? now : undefined;
    });
    expect(text.match(/Maya/g)).toHaveLength(1);
    await Promise.all([maya, ines].map((page) => page.context().close()));
  }, 60_000);

  test('where two have one name, their handles tell who writes, types, and has seen it', async () => {
    const { uuid } = await makeGroup('Namesakes', ['ines', 'raj', 'tomas']);
    const ines = await enter('ines', {}, `/messages/${uuid}`);
    const raj = await enter('raj', {}, `/messages/${uuid}`);
    const tomas = await enter('tomas', {}, `/messages/${uuid}`);
    await write(raj, 'from Raj himself');
    await message(ines, 'from Raj himself').waitFor();
    expect(await ines.locator('.sender').filter({ hasText: 'Raj' }).last().textContent()).toBe('Raj Patel');

    await tomas.getByRole('button', { name: 'Your profile and settings' }).click();
    await tomas.getByLabel('Name', { exact: true }).fill('raj  Patel');
    await tomas.getByRole('button', { name: 'Save' }).click();
    await tomas.getByText('Saved.').waitFor();
    await tomas.keyboard.press('Escape');
    // Names are those of at most five seconds ago.
    await eventually(async () => {
      await ines.reload();
      await message(ines, 'from Raj himself').waitFor();
      const senders = await ines.locator('.sender').allTextContents();
      return senders.includes('Raj Patel @raj') || undefined;
    }, 20_000);
    expect(await ines.getByRole('article', { name: /^Raj Patel \(@raj\), / }).count()).toBe(1);
    await messageBox(tomas).pressSequentially('well', { delay: 20 });
    await ines.getByText('raj  Patel (@tomas) is typing …').waitFor();
    await write(ines, 'who of you?');
    await message(tomas, 'who of you?').waitFor();
    await ines.getByText(/Seen by .*\(@tomas\)/).waitFor();
    await Promise.all([ines, raj, tomas].map((page) => page.context().close()));
  }, 90_000);

  test('who was just added has seen nothing, until they look', async () => {
    const { uuid, send } = await makeGroup('Newcomers', ['raj']);
    await send('before she came');
    const maya = await enter('maya', {}, `/messages/${uuid}`);
    await openAbout(maya);
    await maya.getByLabel('Add somebody').fill('ine');
    await maya.getByRole('option', { name: /Inês/ }).click();
    await maya.getByText('3 members', { exact: true }).first().waitFor();
    await maya.keyboard.press('Escape');
    for (const _ of ['as it came', 'as it is read']) {
      await maya.getByText('Sent', { exact: true }).waitFor();
      expect(await maya.locator('.receipt').allTextContents()).toEqual(['Sent']);
      await maya.reload();
    }
    const ines = await enter('ines', {}, `/messages/${uuid}`);
    await message(ines, 'before she came').waitFor();
    await maya.getByText('Seen by Inês Duarte').waitFor();
    await Promise.all([maya, ines].map((page) => page.context().close()));
  }, 60_000);

  test('a message that is too long stays, and Enter says why it is not sent', async () => {
    const page = await enter('maya');
    await page.getByRole('link', { name: /garden/ }).click();
    await messageBox(page).fill('x'.repeat(10_000));
    await page.getByText('8,976 characters too many', { exact: true }).waitFor();
    await messageBox(page).press('Enter');
    const refusal = page.getByRole('alert').filter({ hasText: 'Not sent: 8,976 characters too many.' });
    await refusal.waitFor();
    expect(await messageBox(page).inputValue()).toHaveLength(10_000);
    await messageBox(page).fill('x'.repeat(1_025));
    await refusal.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Not sent: 1 character too many.').waitFor();
    await messageBox(page).fill('short enough');
    await messageBox(page).press('Enter');
    await message(page, 'short enough').waitFor();
    expect(await page.getByText('Not sent').count()).toBe(0);
    await page.context().close();
  }, 30_000);

  test('the password of one step is not carried into another', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    noteSecret('Typed-by-mistake-1');
    await page.getByLabel('E-mail').fill('new@example.org');
    await page.getByLabel('Password').fill('Typed-by-mistake-1');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await focused(page, 'input Name');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.getByLabel('E-mail').inputValue()).toBe('new@example.org');
    await page.getByLabel('Password').fill('Typed-by-mistake-1');
    await page.getByRole('button', { name: 'Back to sign-in' }).click();
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.context().close();
  }, 30_000);
});
