import { expect, test } from '@jest/globals';
import { noteText } from '@parley/engines/testing/suite-log';
import type { Page } from 'playwright-core';
import { renameGroup, renamePerson, unconfined } from './old-texts.ts';
import {
  apiOf,
  changeMember,
  eventually,
  message,
  messageBox,
  openAbout,
  openPage,
  signIn,
  texts,
  write,
} from './parley.ts';
import { withBrowser } from './suite.ts';

/* What a page must withstand: tall messages and views that change, input methods, storage that is full. */

withBrowser('a page of the browser chat', (stage) => {
  /** Maya's page at the conversation with Tomas, which fills it. */
  async function openTomas(options: { phone?: boolean; isSlow?: boolean } = {}) {
    const page = await openPage(stage.browser, stage.parley.url, options);
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
    await page.getByRole('link', { name: /^Tomas/ }).click();
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
    const tomas = await apiOf(stage.parley, 'tomas@example.com');
    await write(page, 'hold this in view');
    await inView(page, 'hold this in view');
    for (const text of ['a\n'.repeat(8), 'short', 'b\n'.repeat(12), '']) {
      await messageBox(page).fill(text);
      await inView(page, 'hold this in view');
      // A text that needs no other height.
      await messageBox(page).press('z');
      await page.waitForTimeout(300);
      await inView(page, 'hold this in view');
    }
    await messageBox(page).fill('');
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
    const tomas = await apiOf(stage.parley, 'tomas@example.com');
    await page.locator('.scroller').hover();
    await page.mouse.wheel(0, -600);
    await page.getByRole('button', { name: /Newest/ }).waitFor();
    await tomas('/api/messages', { handle: 'maya', message: 'you do not see this yet' });
    await page.locator('.row').getByText('you do not see this yet').waitFor();
    await page.getByRole('button', { name: /Newest/ }).click();
    await inView(page, 'you do not see this yet');
    await page.locator('.scroller').hover();
    await page.mouse.wheel(0, -600);
    await page.getByRole('button', { name: /Newest/ }).waitFor();
    await write(page, `what one sends oneself\n${'line\n'.repeat(8)}comes into view`);
    await inView(page, 'comes into view');
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

  const turned = '\u202egnitirw';

  test('a name and a title that turn the direction of a text turn nothing beside them', async () => {
    const maya = await apiOf(stage.parley, 'maya@example.com');
    const { message_group_uuid: uuid } = await maya<{ message_group_uuid: string }>('/api/message_groups', {
      title: 'Harbour',
      handles: ['raj', 'ines'],
    });
    const { members } = await maya<{ members: { uuid: string }[] }>(`/api/message_groups/${uuid}`);
    await renamePerson(stage.parley, 'raj', `Raj ${turned}`);
    await renameGroup(
      stage.parley,
      uuid,
      members.map((member) => member.uuid),
      `Harbour ${turned}`,
    );
    const [page, raj] = await Promise.all([
      openPage(stage.browser, stage.parley.url),
      openPage(stage.browser, stage.parley.url),
    ]);
    await Promise.all([signIn(page, 'maya@example.com'), signIn(raj, 'raj@example.com')]);
    const path = `${stage.parley.url}/messages/${uuid}`;
    await Promise.all([page.goto(path), raj.goto(path)]);
    const asRaj = await apiOf(stage.parley, 'raj@example.com');
    await asRaj('/api/messages', { handle: 'maya', message: `to you ${turned}` });
    await page.locator('.row').getByText(`Raj ${turned}`).waitFor();
    await write(raj, `first ${turned}`);
    await page.getByText(`first ${turned}`).first().waitFor();
    await maya(`/api/message_groups/${uuid}/members`, { handle: 'tomas' });
    await write(page, 'hello');
    await page.getByText(/^Seen by .*Raj/).waitFor();
    await messageBox(raj).pressSequentially('and', { delay: 600 });
    await page
      .locator('.typing-line')
      .getByText(/Raj .* is typing/)
      .waitFor();
    expect(await page.evaluate(unconfined)).toEqual([]);

    await openAbout(page);
    await changeMember(page, /^Change .*Raj/, 'Remove');
    await page.getByRole('dialog', { name: /^Remove .*Raj/ }).waitFor();
    expect(await page.evaluate(unconfined)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByRole('combobox', { name: 'To' }).fill('raj');
    await page.getByRole('option', { name: /^Raj/ }).waitFor();
    expect(await page.evaluate(unconfined)).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();
    await openAbout(page);
    expect(await page.evaluate(unconfined)).toEqual([]);
    // The time beside a notice reads from left to right.
    const isInOrder = await page.evaluate(() => {
      const time = document.querySelector('.notice time')?.firstChild;
      if (!time) return undefined;
      const leftOf = (index: number) => {
        const range = document.createRange();
        range.setStart(time, index);
        range.setEnd(time, index + 1);
        return range.getBoundingClientRect().left;
      };
      return leftOf(0) < leftOf(3);
    });
    expect(isInOrder).toBe(true);
    await Promise.all([page.context().close(), raj.context().close()]);
  }, 60_000);

  test('a notification is cut between characters, and isolates its names', async () => {
    await renamePerson(stage.parley, 'ines', `Ines ${turned}`);
    const page = await openPage(stage.browser, stage.parley.url);
    await page.addInitScript(() => {
      const shown: object[] = [];
      class Recorder {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title: string, options: object) {
          shown.push({ title, ...options });
        }
      }
      Object.assign(window, { Notification: Recorder, shown });
      Object.defineProperty(document, 'hidden', { get: () => true });
      localStorage.setItem('parley.notifications', 'on');
    });
    await page.reload();
    await signIn(page, 'tomas@example.com');
    await page.locator('.row').first().waitFor();
    const ines = await apiOf(stage.parley, 'ines@example.com');
    const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}';
    await ines('/api/messages', { handle: 'tomas', message: `${'a'.repeat(198)}${family}` });
    const shown = () =>
      page.evaluate(() => (window as unknown as { shown: { title: string; body: string }[] }).shown);
    await eventually(async () => (await shown()).length > 0 || undefined);
    expect(await shown()).toMatchObject([{ title: `\u2068Ines ${turned}\u2069`, body: 'a'.repeat(198) }]);
    await page.context().close();
  }, 60_000);

  const noStorage = {
    'a storage that is full': () => {
      Storage.prototype.setItem = () => {
        throw new DOMException('', 'QuotaExceededError');
      };
    },
    'a storage that is forbidden': () => {
      const refuse = () => {
        throw new DOMException('', 'SecurityError');
      };
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(window, name, { get: refuse });
      Object.assign(window, { BroadcastChannel: refuse });
    },
  };

  for (const [name, breakIt] of Object.entries(noStorage)) {
    test(`${name} holds nothing up: sign-in, drafts, sends; the page says so once`, async () => {
      const page = await openPage(stage.browser, stage.parley.url);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.addInitScript(breakIt);
      await page.reload();
      await signIn(page, 'maya@example.com');
      const notice = page.getByText('This browser stores nothing for this page now.');
      await notice.waitFor();
      await page.getByRole('button', { name: 'OK' }).click();

      await page.getByRole('link', { name: /^Tomas/ }).click();
      await messageBox(page).fill('half a thought');
      await page.getByRole('link', { name: /garden/ }).click();
      await page.getByRole('textbox', { name: /garden/ }).waitFor();
      await page.getByRole('link', { name: /^Tomas/ }).click();
      await page.getByRole('textbox', { name: /Tomas/ }).waitFor();
      expect(await messageBox(page).inputValue()).toBe('half a thought');

      await page.route('**/api/messages', (route) => route.abort(), { times: 2 });
      await write(page, `sent with ${name}`);
      await page.locator('article[data-seq]', { hasText: `sent with ${name}` }).waitFor();
      const tomas = await apiOf(stage.parley, 'tomas@example.com');
      const [row] = await tomas<{ message: string }[]>('/api/message_groups?limit=1');
      expect(row?.message).toBe(`sent with ${name}`);

      await page.getByRole('button', { name: 'Your profile and settings' }).click();
      await page.keyboard.press('Escape');
      expect([await notice.count(), complaints]).toEqual([0, []]);
      await page.context().close();
    }, 60_000);
  }

  test('a storage that is emptied while the page is open takes nothing from it', async () => {
    const page = await openTomas();
    await messageBox(page).fill('a draft');
    await page.evaluate(() => localStorage.clear());
    await write(page, 'sent after the storage was emptied');
    await page.locator('article[data-seq]', { hasText: 'after the storage was emptied' }).waitFor();
    await page.context().close();
  }, 30_000);

  test('signing out reaches the other tab of a browser that stores nothing', async () => {
    const page = await openPage(stage.browser, stage.parley.url);
    await page.context().addInitScript(noStorage['a storage that is full']);
    const tab = await page.context().newPage();
    await tab.goto(stage.parley.url);
    await page.reload();
    for (const each of [page, tab]) await signIn(each, 'ines@example.com');
    await page.bringToFront();
    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    await page.getByRole('button', { name: 'Sign out on all devices' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    for (const each of [page, tab]) await each.getByLabel('E-mail').waitFor();
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
