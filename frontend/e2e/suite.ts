import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { hasChromium, launch, type Parley, startParley } from './parley.ts';

/** What a suite runs on. It exists while tests run, not while they are defined. */
export type Stage = { readonly parley: Parley; readonly browser: Browser };

/** A suite with a Parley and a browser of its own, skipped if there is no Chromium. */
export function withBrowser(name: string, define: (stage: Stage) => void) {
  const suite = hasChromium ? describe : describe.skip;
  suite(name, () => {
    let parley: Parley;
    let browser: Browser;

    beforeAll(async () => {
      parley = await startParley();
      browser = await launch();
    }, 150_000);

    afterAll(async () => {
      await browser?.close();
      await parley?.stop();
    }, 30_000);

    define({
      get parley() {
        return parley;
      },
      get browser() {
        return browser;
      },
    });
  });
}
