import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { apiOf, eventually, openPage, signIn } from './parley.ts';
import { withBrowser } from './suite.ts';

/* Messages with marks, as a browser shows them. */

withBrowser('the formatting of messages', (stage) => {
  async function sayToMaya(message: string) {
    const send = await apiOf(stage.parley, 'tomas@example.com');
    return send<{ seq: number }>('/api/messages', { handle: 'maya', message });
  }
  async function mayaWithTomas(): Promise<Page> {
    const page = await openPage(stage.browser, stage.parley.url);
    await signIn(page, 'maya@example.com');
    await page.getByRole('link', { name: /^Tomas/ }).click();
    await page.locator('article').last().waitFor();
    return page;
  }
  const shownAs = (page: Page, seq: number) => page.locator(`article[data-seq="${seq}"] .text`);

  test('shows marks, code that can be copied, and previews without marks', async () => {
    const code = 'const soup = pots * 2; // enough';
    const { seq } = await sayToMaya(
      `**Two** pots, *hot*, ~~cold~~:\n\n1. leek\n2. potato\n\n> said\n\n\`\`\`js\n${code}\n\`\`\`\n\nwww.example.org`,
    );
    const page = await mayaWithTomas();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const text = shownAs(page, seq);
    await text.locator('strong', { hasText: 'Two' }).waitFor();
    for (const [tag, words] of Object.entries({
      em: 'hot',
      del: 'cold',
      blockquote: 'said',
      'ol li >> nth=1': 'potato',
    }))
      expect(await text.locator(tag).textContent()).toBe(words);
    expect(await text.locator('a').getAttribute('href')).toBe('https://www.example.org/');
    await text.locator('.code-comment', { hasText: '// enough' }).waitFor();
    await text.getByRole('button', { name: 'Copy' }).click();
    await text.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);
    expect(await page.getByRole('link', { name: /^Tomas/ }).textContent()).toContain(
      'Two pots, hot, cold: leek',
    );
    await page.context().close();
  }, 60_000);

  test('makes nothing of HTML and of links with another text', async () => {
    const hostile =
      '**a** <img src=x onerror="document.title=1"> [https://bank.example](https://evil.example) [x](javascript:alert(1))';
    const { seq } = await sayToMaya(hostile);
    const page = await mayaWithTomas();
    const text = shownAs(page, seq);
    await text.locator('strong').waitFor();
    expect(await text.locator('img').count()).toBe(0);
    expect(await text.textContent()).toBe(hostile.replace('**a**', 'a'));
    const links = await text
      .locator('a')
      .evaluateAll((found) => found.map((each) => [each.textContent, each.getAttribute('href')]));
    for (const [shown, href] of links) expect(href).toBe(`${shown}/`);
    await page.context().close();
  }, 60_000);

  test('can be switched off, and stays off', async () => {
    const { seq } = await sayToMaya('as **typed**');
    const page = await mayaWithTomas();
    await shownAs(page, seq).locator('strong').waitFor();
    await page.evaluate(() => localStorage.setItem('parley.formatting', 'off'));
    await page.reload();
    await eventually(async () => (await shownAs(page, seq).textContent()) === 'as **typed**' || undefined);
    await page.context().close();
  }, 60_000);
});
