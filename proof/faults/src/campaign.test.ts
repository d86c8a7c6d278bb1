import { expect, test } from '@jest/globals';
import { runCampaign } from './campaign.ts';
import { checkHistory } from './checker/check.ts';
import { failingSeeds } from './seeds.ts';

/** Of faults; start, erasures and drain take about a minute more. */
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
    // It was a campaign: people wrote, changed, signed out and left for good, and processes died.
    expect(figures.acknowledged).toBeGreaterThan(100);
    for (const kind of ['create', 'mark-read', 'settings', 'sign-out', 'erase'])
      expect([kind, figures.done[kind]]).toEqual([kind, expect.any(Number)]);
    expect(Object.keys(figures.faults).filter((name) => name.startsWith('kill')).length).toBeGreaterThan(2);
    expect(letters.poisoned).toBeGreaterThan(0);
  },
  300_000,
);

// The checker itself is tried on a broken system, for one that finds nothing would pass everything above.
test('a campaign accuses a system that acknowledges first messages and does not write them', async () => {
  const { history, planted } = await runCampaign({
    ...{ seed: 5, minutes: 0.1, kills: 0, people: 20, losesFirstMessages: true, erasePercent: 0 },
  });
  expect(planted).toBeGreaterThan(0);
  const lost = checkHistory(history).violations.filter(({ kind }) => kind === 'lost');
  expect(lost).toContainEqual(
    expect.objectContaining({
      invariant: 2,
      detail: expect.stringMatching(/ was acknowledged as .* at 1: not in the log/),
    }),
  );
}, 120_000);
