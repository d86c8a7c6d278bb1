import { expect, test } from '@jest/globals';
import { noteSecret } from '@parley/engines/testing/suite-log';
import type { Page } from 'playwright-core';
import { eventually, openPage } from './parley.ts';
import { withBrowser } from './suite.ts';

/* The page before one is signed in: what it asks, what it refuses, and what it tells nobody. */

withBrowser('the sign-in page', (stage) => {
  const password = 'Sesame-2026-x';
  noteSecret(password);

  /** A page, and the operations of the sign-in that it asked for. */
  async function open() {
    const page = await openPage(stage.browser, stage.parley.url);
    const asked: string[] = [];
    page.on('request', (request) => {
      const target = request.headers()['x-amz-target'];
      if (target) asked.push(target.split('.')[1] ?? '');
    });
    return { page, asked };
  }

  async function fillSignUp(page: Page, person: { name: string; handle: string; password?: string }) {
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill(person.name);
    await page.getByLabel('Handle').fill(person.handle);
    await page.getByLabel('E-mail').fill(`${crypto.randomUUID()}@example.org`);
    await page.getByLabel('Password').fill(person.password ?? password);
  }

  const submit = (page: Page) => page.getByRole('button', { name: 'Create account' }).click();

  async function confirm(page: Page) {
    await page.getByText('No mail is sent from this machine: the code is 123456').waitFor();
    // The first empty field has the focus.
    await page.keyboard.type('123456');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('No conversations yet.').waitFor();
  }

  test('a handle is looked up while one types it, and refused before there is an account', async () => {
    const { page, asked } = await open();
    await fillSignUp(page, { name: 'Zoë Müller', handle: 'Zoë' });
    await page.getByText('A handle has only the letters a to z, digits, and _ . -').waitFor();
    await page.getByRole('button', { name: 'Use @zoe', exact: true }).waitFor();
    const field = page.getByLabel('Handle');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    for (const [handle, words] of [
      ['..', 'A handle has a letter or a digit.'],
      ['deleted-1', 'This handle is reserved.'],
      ['MAYA', '@MAYA is taken.'],
      ['maya', '@maya is taken.'],
    ] as const) {
      await field.fill(handle);
      await page.getByText(words, { exact: true }).waitFor();
      await submit(page);
      await page.getByRole('alert').filter({ hasText: words }).waitFor();
    }
    expect(asked).toEqual([]);

    await page.getByRole('button', { name: 'Use @zoe.muller' }).click();
    await page.getByText('@zoe.muller is available.').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe(null);
    await submit(page);
    await confirm(page);
    await page.getByText('Your handle is @zoe.muller.').waitFor();
    expect(await page.getByText('You asked for').count()).toBe(0);
    await page.context().close();
  }, 60_000);

  test('a handle that is offered is taken by keys, and the focus stays in its field', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill('Zoë Müller');
    await page.getByLabel('Handle').fill('maya');
    const offer = page.getByRole('button', { name: /^Use @/ });
    const handle = (await offer.textContent())?.replace('Use @', '');
    await offer.focus();
    await page.keyboard.press('Enter');
    await page.getByText(`@${handle} is available.`).waitFor();
    await page.keyboard.press('End');
    await page.keyboard.type('x');
    expect(await page.getByLabel('Handle').inputValue()).toBe(`${handle}x`);
    await page.context().close();
  }, 30_000);

  test('a name of which nothing can be seen is refused before there is an account', async () => {
    const { page, asked } = await open();
    await fillSignUp(page, { name: '\u2800\u200b', handle: 'nameless.one' });
    await submit(page);
    await page.getByRole('alert').filter({ hasText: 'A name is needed.' }).waitFor();
    expect(asked).toEqual([]);
    await page.context().close();
  }, 30_000);

  test('the answer for an older handle never stands beside a newer one', async () => {
    const { page } = await open();
    const given: string[] = [];
    await page.route('**/api/handles/*', async (route) => {
      if (route.request().url().endsWith('/maya')) {
        // It answers after the next one was asked for.
        await eventually(() => given.includes('available') || undefined, 20_000);
      }
      await route.continue().catch(() => given.push('aborted'));
    });
    page.on('requestfailed', (request) => {
      if (request.url().endsWith('/api/handles/maya')) given.push('aborted');
    });
    await fillSignUp(page, { name: 'Maya Berg', handle: 'maya' });
    await page.waitForRequest('**/api/handles/maya');
    await page.getByLabel('Handle').fill('maya.berg');
    await page.getByText('@maya.berg is available.').waitFor();
    given.push('available');
    await eventually(() => given.includes('aborted') || undefined);
    expect(await page.getByText('@maya is taken.').count()).toBe(0);
    await page.context().close();
  }, 30_000);

  test('who gets another handle than the one asked for reads both, also after a reload', async () => {
    const { page } = await open();
    const { page: quicker } = await open();
    // Nobody has a handle before the address is confirmed.
    for (const each of [page, quicker]) await fillSignUp(each, { name: 'Twice', handle: 'twice' });
    const email = await page.getByLabel('E-mail').inputValue();
    for (const each of [page, quicker]) {
      await each.getByText('@twice is available.').waitFor();
      await submit(each);
      await each.getByLabel('Code').waitFor();
    }
    await confirm(quicker);
    await quicker.getByText('Your handle is @twice.').waitFor();
    await quicker.context().close();
    await page.reload();
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await confirm(page);
    await page.getByText('You asked for the handle @twice, and somebody else has it.').waitFor();
    const text = await page.getByText(/^Your handle is/).textContent();
    expect(text).toMatch(/^Your handle is @[\w.-]*\d+\./);
    await page.context().close();
  }, 60_000);

  test('a password that breaks the stated rules is refused before it is sent', async () => {
    const { page, asked } = await open();
    await fillSignUp(page, { name: 'Weak', handle: 'weak.one', password: 'sesame' });
    await page
      .getByText(
        'At least 12 characters, with a lower-case letter, an upper-case letter, a digit and a symbol',
      )
      .waitFor();
    await submit(page);
    const alert = page.getByRole('alert');
    await alert.filter({ hasText: 'lacks an upper-case letter, a digit and a symbol' }).waitFor();
    await page.getByRole('button', { name: 'Back to sign-in' }).click();
    await page.getByRole('button', { name: 'Forgot password' }).click();
    await page.getByLabel('E-mail').fill('maya@example.com');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await page.getByLabel('Code').fill('123456');
    await page.getByRole('textbox', { name: 'Password' }).fill('sesame');
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await alert.filter({ hasText: 'is shorter than 12 characters' }).waitFor();
    expect(asked).toEqual(['ForgotPassword']);
    await page.context().close();
  }, 30_000);

  test('a wrong password and an unknown address have the same words', async () => {
    const { page } = await open();
    for (const email of ['maya@example.com', 'nobody@example.com']) {
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill('Not-the-password-1');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The e-mail address or the password is wrong.').waitFor();
      await page.getByRole('button', { name: 'Forgot password' }).click();
      await page.getByRole('button', { name: 'Back to sign-in' }).click();
    }
    await page.context().close();
  }, 30_000);

  test('asking for a code tells nobody who has an account', async () => {
    const { page } = await open();
    const told: string[] = [];
    for (const email of ['maya@example.com', 'nobody@example.com']) {
      await page.getByRole('button', { name: 'Forgot password' }).click();
      await page.getByLabel('E-mail').fill(email);
      await page.getByRole('button', { name: 'Send a code' }).click();
      await page.getByLabel('Code').waitFor();
      told.push(((await page.locator('form').textContent()) ?? '').replaceAll(email, 'ADDRESS'));
      await page.getByRole('button', { name: 'Send the code again' }).click();
      await page.getByText(`If ${email} waits for a code`).waitFor();
      told.push(((await page.locator('form').textContent()) ?? '').replaceAll(email, 'ADDRESS'));
      await page.getByRole('button', { name: 'Back to sign-in' }).click();
    }
    expect(told.slice(2)).toEqual(told.slice(0, 2));
    await page.context().close();
  }, 30_000);

  test('the code of a sign-up can be sent again', async () => {
    const { page, asked } = await open();
    await fillSignUp(page, { name: 'Again', handle: 'once.again' });
    await submit(page);
    await page.getByRole('button', { name: 'Send the code again' }).click();
    await page.getByText(/waits for a code/).waitFor();
    expect(asked).toEqual(['SignUp', 'ResendConfirmationCode']);
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('This is not the code we sent, or it has expired.').waitFor();
    await page.getByLabel('Code').fill('');
    await page.getByLabel('Code').focus();
    await confirm(page);
    await page.context().close();
  }, 30_000);
});
