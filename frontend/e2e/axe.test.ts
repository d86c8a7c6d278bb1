import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { apiOf, openAbout, openPage, signIn } from './parley.ts';
import { withBrowser } from './suite.ts';

/* Every view and every dialog, asked by axe: in both themes, and on a phone. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

withBrowser('axe finds nothing', (stage) => {
  const button = (page: Page, name: string | RegExp) =>
    page.getByRole('button', { name, exact: typeof name === 'string' });
  const dialog = (page: Page, name: string | RegExp) => page.getByRole('heading', { name }).waitFor();

  for (const [name, look] of Object.entries({ light: {}, dark: { dark: true }, phone: { phone: true } })) {
    test(`before one is signed in (${name})`, async () => {
      const page = await openPage(stage.browser, stage.parley.url, look);
      await page.getByLabel('E-mail').waitFor();
      await clean(page);
      await button(page, 'Create an account').click();
      await page.getByLabel('Name').fill('Maya');
      await page.getByLabel('Handle').fill('Zoë');
      await page.getByText(/^A handle has only/).waitFor();
      await page.getByLabel('E-mail').fill('maya@example.org');
      await page.getByLabel('Password').fill('short');
      await button(page, 'Create account').click();
      await page.getByText(/^The password is shorter/).waitFor();
      await clean(page);
      await button(page, 'Back to sign-in').click();
      await button(page, 'Forgot password').click();
      await clean(page);
      await page.getByLabel('E-mail').fill('nobody@example.org');
      await button(page, 'Send a code').click();
      await page.getByLabel('Code').waitFor();
      await clean(page);
      await page.context().close();
    }, 60_000);

    test(`on every page (${name})`, async () => {
      const page = await openPage(stage.browser, stage.parley.url, look);
      await signIn(page, 'maya@example.com');
      await page.locator('.row').first().waitFor();
      await clean(page);
      await button(page, 'Hidden conversations').click();
      await page.getByRole('heading', { name: 'Hidden conversations' }).waitFor();
      await clean(page);
      await button(page, 'Back to the inbox').click();
      await page.getByRole('link', { name: /garden/ }).click();
      await page.locator('article').first().waitFor();
      await clean(page);
      await page.goto(stage.parley.url);
      await page.getByRole('link', { name: /^Sensor club/ }).click();
      await page.locator('.code-word').first().waitFor();
      await clean(page);
      await page.goto(`${stage.parley.url}/nonsense`);
      await page.getByText('There is no such page').waitFor();
      await clean(page);
      await page.goto(`${stage.parley.url}/messages/00000000-0000-4000-8000-000000000000`);
      await page.getByText('This conversation does not exist').waitFor();
      await clean(page);
      await page.context().close();
    }, 60_000);

    test(`in every dialog (${name})`, async () => {
      const maya = await apiOf(stage.parley, 'maya@example.com');
      const { message_group_uuid: uuid } = await maya<{ message_group_uuid: string }>('/api/message_groups', {
        title: 'Axe',
        handles: ['ines', 'raj'],
      });
      const page = await openPage(stage.browser, `${stage.parley.url}/messages/${uuid}`, look);
      await page.getByLabel('E-mail').fill('maya@example.com');
      await page.getByLabel('Password').fill('Parley-demo-1');
      await button(page, 'Sign in').click();
      await openAbout(page);
      await page.getByRole('checkbox', { name: /^Mute/ }).waitFor();
      await clean(page);
      await page.keyboard.press('Escape');
      await openAbout(page);
      await page.getByLabel('Add somebody').fill('t');
      await page.getByRole('option', { name: /Tomas/ }).waitFor();
      await clean(page);
      await page.keyboard.press('Escape');
      await button(page, /^Change Raj/).click();
      await page.getByRole('menuitem', { name: 'Remove' }).waitFor();
      await clean(page);
      await page.getByRole('menuitem', { name: 'Remove' }).click();
      await dialog(page, 'Remove Raj Patel?');
      await clean(page);
      await page.keyboard.press('Escape');
      await button(page, 'Leave the group').click();
      await dialog(page, 'Leave Axe?');
      await clean(page);

      await page.goto(stage.parley.url);
      await button(page, 'New conversation').click();
      await button(page, 'Create a group instead').click();
      await page.getByLabel('Add people').fill('raj');
      await page.getByRole('option', { name: /Raj/ }).click();
      await button(page, 'Remove Raj Patel').waitFor();
      await clean(page);
      await page.keyboard.press('Escape');
      await button(page, /^Your profile and settings/).click();
      await clean(page);
      await button(page, 'Sign out on all devices').click();
      await dialog(page, 'Sign out on all devices?');
      await clean(page);
      await page.keyboard.press('Escape');
      await button(page, 'Delete account').click();
      await page.getByLabel('Your handle').fill('maya');
      await page.getByLabel('Your password').fill('x');
      await clean(page);
      await page.context().close();
    }, 60_000);
  }
});

/** Fails with what axe finds, of whatever weight. */
async function clean(page: Page) {
  // Colours fade in.
  await page.waitForTimeout(200);
  // Through the debugger, for the page's own policy lets no foreign script in.
  const found = await page.evaluate(`(async () => { ${axe}
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await window.axe.run(document, { runOnly });
    return violations.map(({ id, nodes }) =>
      id + ': ' + nodes.slice(0, 2).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | '));
  })()`);
  expect(found).toEqual([]);
}
