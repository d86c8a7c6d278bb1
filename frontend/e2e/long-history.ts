import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { eventually, launch, openPage, root, signIn, startParley } from './parley.ts';

/*
 * Scrolls through 5,000 of 100,000 messages in a browser, and prints what it cost: node --import tsx frontend/e2e/long-history.ts
 *
 * Every row has to be in the page at some time, in order: a hole fails. docs/decisions/0007 has a run's figures.
 */

const messages = 100_000;
const scrolled = 5_000;
const title = 'A long history';

const folder = mkdtempSync(join(tmpdir(), 'parley-long-'));
const parley = await startParley();
const browser = await launch();
try {
  importHistory();
  const page = await openPage(browser, parley.url);
  await signIn(page, 'maya@example.com');
  await page.evaluate(watch);
  const opening = await timed(async () => {
    await page.getByRole('link', { name: new RegExp(title) }).click();
    await numberShown(page, messages);
  });
  print('to open it', `${opening} ms`);
  await report(page, 'opening');

  const seen = new Set<number>();
  let rows = 0;
  const scrolling = await timed(async () => {
    await page.getByRole('feed').hover();
    await eventually(
      async () => {
        const numbers = await shown(page);
        rows = Math.max(rows, numbers.length);
        for (const number of numbers) seen.add(number);
        if (Math.min(...seen) <= messages - scrolled) return true;
        await page.mouse.wheel(0, -400);
      },
      170_000,
      () => `got to ${Math.min(...seen)}`,
    );
  });
  const missing = [...Array(scrolled).keys()].filter((back) => !seen.has(messages - back));
  if (missing.length > 0) throw new Error(`${missing.length} messages never were in the page`);
  print(`to scroll up by ${scrolled}`, `${scrolling} ms`);
  print('rows in the page at once', rows);
  await report(page, 'scrolling');

  const jumping = await timed(async () => {
    await page.getByRole('button', { name: /Newest/ }).click();
    await numberShown(page, messages);
  });
  print('to jump to the newest', `${jumping} ms`);
  await report(page, 'jumping');
} finally {
  await browser.close();
  await parley.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** One room: maya and four more, a message a minute. */
function importHistory() {
  const people = ['maya', 'ida', 'leo', 'noor', 'sven'];
  const startMs = Date.parse('2025-01-01T00:00:00Z');
  const line = (_: unknown, index: number) =>
    JSON.stringify({
      room: title,
      at: new Date(startMs + index * 60_000).toISOString(),
      handle: people[(index * 7) % people.length],
      text: `${index + 1} ${'and so on '.repeat(index % 13)}`.trim(),
    });
  const file = join(folder, 'history.jsonl');
  writeFileSync(file, `${Array.from({ length: messages }, line).join('\n')}\n`);
  execFileSync('bin/import', [file], { cwd: root, env: parley.env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Runs in the page: notes what keeps its thread for more than 50 ms, and how far apart frames are. */
function watch() {
  const noted = {
    tasks: [] as number[],
    frames: [] as number[],
    beforeMs: performance.now(),
    frame(nowMs: number) {
      noted.frames.push(nowMs - noted.beforeMs);
      noted.beforeMs = nowMs;
      requestAnimationFrame(noted.frame);
    },
  };
  Object.assign(window, { noted });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) noted.tasks.push(duration);
  }).observe({ entryTypes: ['longtask'] });
  requestAnimationFrame(noted.frame);
}

/** Prints what was noted since the last report. */
async function report(page: Page, during: string) {
  const { tasks, frames, heap } = await page.evaluate(() => {
    const { noted } = window as unknown as { noted: { tasks: number[]; frames: number[] } };
    const { memory } = performance as unknown as { memory: { usedJSHeapSize: number } };
    const heap = memory.usedJSHeapSize;
    return { tasks: noted.tasks.splice(0), frames: noted.frames.splice(0), heap };
  });
  const sorted = frames.sort((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  print(
    `${during}: tasks over 50 ms`,
    `${tasks.length}, the longest ${Math.round(Math.max(0, ...tasks))} ms`,
  );
  print(`${during}: time between frames`, `median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms`);
  print(`${during}: heap`, `${Math.round(heap / 1_000_000)} MB`);
}

async function shown(page: Page) {
  const texts = await page.locator('article .text').allTextContents();
  return texts.map((text) => Number.parseInt(text, 10));
}

async function numberShown(page: Page, number: number) {
  await eventually(async () => (await shown(page)).includes(number) || undefined);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return Math.round(performance.now() - startedAtMs);
}

function print(what: string, figure: string | number) {
  process.stdout.write(`${what.padEnd(36)} ${figure}\n`);
}
