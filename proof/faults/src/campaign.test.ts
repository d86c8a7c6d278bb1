import { expect, test } from '@jest/globals';
import { runCampaign } from './campaign.ts';
import { checkHistory } from './checker/check.ts';
import { failingSeeds } from './seeds.ts';

/** The duration of the faults; start, erasures and drain take about another minute. */
const minutes = 1;

test.each(failingSeeds)(
  'seed $seed: under faults nothing is lost, doubled, out of order or miscounted',
  async ({ seed, kills }) => {
    const { history, check, letters, hits } = await runCampaign({ seed, minutes, kills });
    const { violations, figures } = checkHistory(history);
    expect(violations.slice(0, 10)).toEqual([]);
    expect(check.findings).toEqual([]);
    expect(letters).toEqual({ poisoned: hits['poisoned-record'], lost: 0 });
    // The campaign was not empty: people sent, changed groups, signed out and erased themselves; processes were killed.
    expect(figures.acknowledged).toBeGreaterThan(100);
    for (const kind of ['create', 'mark-read', 'settings', 'sign-out', 'erase'])
      expect([kind, figures.done[kind]]).toEqual([kind, expect.any(Number)]);
    expect(Object.keys(figures.faults).filter((name) => name.startsWith('kill')).length).toBeGreaterThan(2);
    expect(letters.poisoned).toBeGreaterThan(0);
  },
  300_000,
);

// Proves that the checker finds losses: a checker that finds nothing would pass every campaign.
test('a campaign finds first messages that are acknowledged but not written', async () => {
  const { history, planted } = await runCampaign({
    ...{ seed: 5, minutes: 0.1, kills: 0, people: 20, losesFirstMessages: true, erasePercent: 0 },
  });
  expect(planted).toBeGreaterThan(0);
  const lost = checkHistory(history).violations.filter(({ kind }) => kind === 'lost');
  expect(lost).toContainEqual(
    expect.objectContaining({
      invariant: 2,
      detail: expect.stringMatching(/ was acknowledged as .* at 1, but is not in the log/),
    }),
  );
}, 120_000);
