import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { apiOf, message, root, signIn } from './parley.ts';
import { withBrowser } from './suite.ts';

/*
 * Compares pictures of the components page, the sign-in page and a conversation with those in screens/, in both themes.
 * After an intended change of the look, `RETAKE=1 bin/test frontend/e2e/screens.test.ts` takes them again.
 */

const folder = join(root, 'frontend/e2e/screens');
const versionPath = join(folder, 'chromium.txt');
const isRetaking = process.env.RETAKE === '1';

/*
 * Another run on the same machine differs in no pixel by more than 5 of 255 shades (the stored pictures are rounded by 2).
 * A radius of 17 px for 18 changes 186 to 512 pixels of a picture with bubbles, a role's colour by 6 shades 3,500 to
 * 58,000, and a padding of 2 px in a toast 6,000. Another major version of Chromium may draw the edges of letters anew.
 */
const tolerance = { shades: 5, pixels: 60, shareOfOtherChromium: 0.02 };

/** The coder of playwright's own pictures. */
const { PNG } = createRequire(import.meta.url)('playwright-core/lib/utilsBundle');
type Picture = { width: number; height: number; data: Buffer };

/** The components page scrolls; its tallest part fits. */
const viewport = { width: 820, height: 900 };
const themes = ['light', 'dark'] as const;
type Theme = (typeof themes)[number];

withBrowser('pictures of the browser chat', (stage) => {
  const built = mkdtempSync(join(tmpdir(), 'parley-components-'));

  beforeAll(() => {
    buildComponents(built);
    if (!isRetaking) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(versionPath, `${stage.browser.version()}\n`);
  }, 120_000);

  afterAll(() => rmSync(built, { recursive: true, force: true }));

  async function open(url: string, colorScheme: Theme) {
    const context = await stage.browser.newContext({
      viewport,
      colorScheme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.route('http://components.test/**', (route) => {
      const path = join(built, new URL(route.request().url()).pathname);
      return existsSync(path) ? route.fulfill({ path }) : route.fulfill({ status: 404 });
    });
    // Only the components page has dates of its own; a sign-in needs the real time.
    if (url.startsWith('http://components.test/')) await page.clock.setFixedTime('2026-11-27T12:00:00Z');
    await page.goto(url);
    // Letters that come late are not drawn (`font-display: optional`). The second time the cache has them.
    await page.evaluate(() => document.fonts.load('1em "Wix Madefor Text"'));
    await page.reload();
    return page;
  }

  for (const theme of themes) {
    test(`the components look as in their ${theme} pictures`, async () => {
      const page = await open('http://components.test/components.html', theme);
      await page.locator('.part').first().waitFor();
      const shots: Shots = {};
      for (const part of await page.locator('.part').all()) {
        const title = await part.locator('h2').first().textContent();
        shots[`${title}`.toLowerCase().replaceAll(' ', '-')] = await shoot(part);
      }
      await page.getByRole('button', { name: 'Change Raj Patel' }).click();
      shots.menu = await shoot(page.getByRole('menu'));
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'In the middle' }).click();
      shots.dialog = await shoot(page.getByRole('dialog'));
      await page.context().close();
      expect(differences(shots, theme, stage.browser.version())).toEqual([]);
    }, 60_000);

    test(`the sign-in page and a conversation look as in their ${theme} pictures`, async () => {
      const title = `Pictures, ${theme}`;
      const [maya, raj] = await Promise.all(
        ['maya', 'raj'].map((name) => apiOf(stage.parley, `${name}@example.com`)),
      );
      const group = await maya?.<{ message_group_uuid: string }>('/api/message_groups', {
        title,
        handles: ['raj'],
      });
      for (const [say, text] of [
        [raj, 'The boathouse is open from six.'],
        [raj, 'Who brings cups?'],
        [maya, 'I do.'],
        [maya, 'Twelve, and a spare: https://example.org/cups'],
      ] as const)
        await say?.('/api/messages', { message_group_uuid: group?.message_group_uuid, message: text });

      const page = await open(stage.parley.url, theme);
      await page.getByLabel('Password').waitFor();
      const shots: Shots = { 'sign-in': await shoot(page) };
      await signIn(page, 'maya@example.com');
      await page.getByRole('link', { name: title }).click();
      await message(page, 'I do.').waitFor();
      // A group's colour comes from its random id.
      await page
        .locator('.conversation .avatar')
        .first()
        .evaluate((face) => face.setAttribute('data-tone', '6'));
      shots.conversation = await shoot(page.locator('.conversation'));
      await page.context().close();
      expect(differences(shots, theme, stage.browser.version())).toEqual([]);
    }, 60_000);
  }
});

type Shots = Record<string, Buffer>;

/** A build has no components page, so this one is built here, in a process of its own: vite does not run inside jest. */
function buildComponents(folder: string) {
  const frontend = join(root, 'frontend');
  const options = {
    root: frontend,
    logLevel: 'warn',
    build: {
      outDir: relative(frontend, folder),
      emptyOutDir: true,
      rolldownOptions: { input: join(frontend, 'components.html') },
    },
  };
  const script = `import { build } from 'vite'; await build(${JSON.stringify(options)});`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: frontend, stdio: 'pipe' });
}

async function shoot(of: Page | Locator) {
  const page = 'page' in of ? of.page() : of;
  await page.mouse.move(0, 0);
  await page.evaluate(async () => {
    // Emoji and scripts without a font of the page differ between machines, times of day between runs.
    const others =
      /(?:[^\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Common}]|\p{Extended_Pictographic}|\p{RI})+/gu;
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
      const text = node.nodeValue ?? '';
      const same = text.replace(others, 'x').replace(/\d\d:\d\d/g, '12:00');
      if (same !== text) node.nodeValue = same;
    }
    await document.fonts.ready;
  });
  await page.waitForTimeout(100);
  return of.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css' });
}

/** Rounds shades to multiples of 4, within the tolerance, and packs harder than Chromium: 40 % smaller. */
function packed(picture: Buffer): Buffer {
  const png = PNG.sync.read(picture);
  png.data = png.data.map((shade: number) => Math.min(255, Math.round(shade / 4) * 4));
  return PNG.sync.write(png, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 });
}

/** Compares each picture with the stored one, and stores what differs in a temporary folder. */
function differences(shots: Shots, theme: Theme, version: string) {
  const found: string[] = [];
  const storedVersion = readFileSync(versionPath, 'utf8').trim();
  const isOtherChromium = storedVersion.split('.')[0] !== version.split('.')[0];
  for (const [title, actual] of Object.entries(shots)) {
    const name = `${title}-${theme}`;
    const path = join(folder, `${name}.png`);
    if (isRetaking) writeFileSync(path, packed(actual));
    const difference = existsSync(path)
      ? compare(actual, readFileSync(path), isOtherChromium)
      : { text: 'no picture is stored' };
    if (!difference) continue;
    const place = join(mkdtempSync(join(tmpdir(), 'parley-screens-')), name);
    writeFileSync(`${place}.actual.png`, actual);
    if (difference.picture) writeFileSync(`${place}.diff.png`, difference.picture);
    found.push(
      `${name}: ${difference.text}, see ${place}.actual.png${difference.picture ? ' and .diff.png' : ''}`,
    );
  }
  if (found.length > 0)
    found.push(`Chromium ${version}; the stored pictures are of Chromium ${storedVersion}.`);
  return found;
}

/** Counts the pixels that differ, edges of letters and corners too, and marks them red in a copy. */
function compare(
  actualPng: Buffer,
  storedPng: Buffer,
  isOtherChromium: boolean,
): { text: string; picture?: Buffer } | undefined {
  const actual: Picture = PNG.sync.read(actualPng);
  const stored: Picture = PNG.sync.read(storedPng);
  const size = ({ width, height }: Picture) => `${width} x ${height}`;
  if (size(actual) !== size(stored)) return { text: `${size(actual)} instead of ${size(stored)} pixels` };
  let count = 0;
  for (let at = 0; at < actual.data.length; at += 4) {
    const isSame = [0, 1, 2].every(
      (part) =>
        Math.abs(actual.data.readUInt8(at + part) - stored.data.readUInt8(at + part)) <= tolerance.shades,
    );
    if (isSame) continue;
    count += 1;
    actual.data.set([255, 0, 0], at);
  }
  const allowed = isOtherChromium
    ? tolerance.shareOfOtherChromium * actual.width * actual.height
    : tolerance.pixels;
  if (count > allowed) return { text: `${count} pixels differ`, picture: PNG.sync.write(actual) };
}
