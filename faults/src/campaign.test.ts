import { expect, test } from '@jest/globals';
import { runCampaign } from './campaign.ts';
import { checkHistory } from './checker/check.ts';
import { failingSeeds } from './seeds.ts';

/** Of faults; with start and drain a run takes about twenty seconds more. */
const minutes = 1;

// Each seed found something once; the first is the campaign that always runs.
test.each(failingSeeds)(
  'seed $seed: nothing is lost, doubled, out of order or miscounted, whatever fails',
  async ({ seed, kills }) => {
    const { history, check, letters, hits } = await runCampaign({ seed, minutes, kills });
    const { violations, figures } = checkHistory(history);
    expect(violations.slice(0, 10)).toEqual([]);
    expect(check.findings).toEqual([]);
    expect(letters).toEqual({ poisoned: hits['poisoned-record'], lost: 0 });
    // It was a campaign: people wrote, and processes died.
    expect(figures.acknowledged).toBeGreaterThan(100);
    expect(Object.keys(figures.faults).filter((name) => name.startsWith('kill')).length).toBeGreaterThan(2);
    expect(letters.poisoned).toBeGreaterThan(0);
  },
  180_000,
);
