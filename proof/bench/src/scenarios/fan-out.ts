import * as messageGroups from '@parley/core/conversations/message-groups';
import { createLog } from '@parley/core/log/log';
import { type CompetitorRound, measureLoad } from '../competitor.ts';
import { type Figure, median } from '../figures.ts';
import { startSocketLoad } from '../lanes.ts';
import type { Load } from '../load/drive.ts';
import type { Scenario } from '../scenario.ts';
import { people, startSystem } from '../system.ts';

const perSecond = 30;

/** One group whose members are all connected, so each message reaches all of them. */
export const fanOut: Scenario = {
  name: 'fan-out',
  about: 'one group of 1,000 connected members',
  async run({ isQuick }) {
    const size = isQuick ? 60 : 1_000;
    const system = await startSystem();
    const load = startSocketLoad();
    try {
      const everyone = await people(system, size);
      const messageGroupUuid = await createGroup(system.table, everyone);
      const lanes = Array.from({ length: 4 }, (_, from) => ({ from, to: from, messageGroupUuid }));
      const tokens = everyone.map(({ token }) => token);
      await load.ask({ plan: { url: system.url, tokens, lanes, receivers: size } });
      const rounds = async (question: Load) => {
        const results = [];
        for (let round = 0; round < (isQuick ? 1 : 6); round += 1)
          results.push(await measureLoad(load, question, { ...system.processes(), load: [load.pid] }));
        return isQuick ? results : results.slice(1);
      };
      const most = await rounds({ seconds: isQuick ? 0.5 : 2, outstanding: 4 });
      const steady = await rounds({ seconds: isQuick ? 0.5 : 2, perSecond });
      return [
        figure(`deliveries, ${size} members`, 'deliveries/s', most, 'perSecond', {
          of: 'value',
          atLeast: 50_000,
        }),
        figure(`p99 at ${perSecond} messages/s, ${size} members`, 'ms', steady, 'p99', {
          of: 'value',
          atMost: 100,
        }),
      ];
    } finally {
      await load.stop();
      await system.stop();
    }
  },
};

function figure(
  name: string,
  unit: string,
  results: CompetitorRound[],
  measure: 'perSecond' | 'p99',
  target: Figure['target'],
): Figure {
  const values = results.map((result) => result[measure]);
  const names = Object.keys(results[0]?.cpu ?? {});
  return {
    scenario: 'fan-out',
    name,
    unit,
    value: median(values),
    rounds: values,
    target,
    also: {
      'p50 ms': median(results.map(({ p50 }) => p50)),
      'p99 ms': median(results.map(({ p99 }) => p99)),
    },
    cpu: Object.fromEntries(names.map((one) => [one, median(results.map(({ cpu }) => cpu[one] ?? 0))])),
  };
}

/** Creates a group of any size and returns its uuid. */
export async function createGroup(
  table: Parameters<typeof createLog>[0],
  everyone: messageGroups.Create['people'],
): Promise<string> {
  const [creator, ...others] = everyone;
  if (!creator) throw new Error('a group needs a creator');
  const log = createLog(table, { batch: 'transactions' });
  const { maxPeoplePerTransaction: most } = messageGroups;
  const { group } = await messageGroups.create(log, {
    creator,
    title: 'bench',
    people: others.slice(0, most - 1),
  });
  for (let start = most - 1; start < others.length; start += most) {
    const some = others.slice(start, start + most);
    await messageGroups.addMembers(log, {
      messageGroupUuid: group.message_group_uuid,
      actor: creator,
      people: some,
    });
  }
  return group.message_group_uuid;
}
