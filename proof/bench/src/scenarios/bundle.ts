import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBundles } from '@parley/infra/bundles';
import { runBare } from '@parley/infra/testing/bare-node';
import { counted, type Figure, median } from '../figures.ts';
import type { Scenario } from '../scenario.ts';

const env = { DELIVERY_SECRETS: 'of this measurement' };

/** What Lambda loads for message-stream: the size of its file, and the time until a fresh process has loaded it. */
export const bundle: Scenario = {
  name: 'bundle',
  about: 'size and cold load of the message-stream bundle',
  async run({ isQuick }) {
    const folder = mkdtempSync(join(tmpdir(), 'parley-bench-bundle-'));
    try {
      const { dir, bytes } = (await buildBundles(folder))['message-stream'];
      const rounds: number[] = [];
      for (let round = 0; round < (isQuick ? 1 : 7); round += 1)
        rounds.push((await runBare({ dir, env })).initMs);
      const load: Figure = {
        scenario: 'bundle',
        name: 'cold load of message-stream',
        unit: 'ms',
        value: median(rounds),
        rounds,
        target: { of: 'value', atMost: 150 },
      };
      const size = counted('bundle', 'size of message-stream', bytes / 2 ** 20, 'MB', {
        target: { of: 'value', atMost: 1 },
      });
      return [size, load];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
