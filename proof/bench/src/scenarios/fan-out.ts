import * as messageGroups from '@parley/core/conversations/message-groups';
import { createLog } from '@parley/core/log/log';
import { timed } from '../figures.ts';
import { withSystem } from '../lanes.ts';
import type { Load } from '../load/drive.ts';
import { alternate, measureLoad, medianCpu, medianOf, type Round } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';
import { people } from '../system.ts';

const perSecond = 30;

/** One group whose members are all connected, so each message reaches all of them. */
export const fanOut: Scenario = {
  name: 'fan-out',
  about: 'one group of 1,000 connected members',
  run: ({ isQuick }) =>
    withSystem({}, async (system, load) => {
      const size = isQuick ? 60 : 1_000;
      const everyone = await people(system, size);
      const messageGroupUuid = await createGroup(system.table, everyone);
      const lanes = Array.from({ length: 4 }, (_, from) => ({ from, to: from, messageGroupUuid }));
      const tokens = everyone.map(({ token }) => token);
      await load.ask({ plan: { url: system.url, tokens, lanes, receivers: size } });
      const roundsAt = async (speed: Omit<Load, 'seconds'>) => {
        const task = (seconds: number) =>
          measureLoad(load, { seconds, ...speed }, { ...system.processes(), load: [load.pid] });
        return (await alternate([task], { isQuick }, { seconds: 2, warmUpSeconds: 2 }))[0] ?? [];
      };
      const most = await roundsAt({ outstanding: 4 });
      const steady = await roundsAt({ perSecond });
      const more = (rounds: Round[]) => ({
        also: { 'p50 ms': medianOf(rounds, 'p50'), 'p99 ms': medianOf(rounds, 'p99') },
        cpu: medianCpu(rounds),
      });
      return [
        timed(
          'fan-out',
          `deliveries, ${size} members`,
          most.map((round) => round.perSecond),
          'deliveries/s',
          { target: { of: 'value', atLeast: 50_000 }, ...more(most) },
        ),
        timed(
          'fan-out',
          `p99 at ${perSecond} messages/s, ${size} members`,
          steady.map(({ p99 }) => p99),
          'ms',
          { target: { of: 'value', atMost: 100 }, ...more(steady) },
        ),
      ];
    }),
};

/** Creates a group of any size and returns its uuid. */
export async function createGroup(
  table: Parameters<typeof createLog>[0],
  everyone: messageGroups.Create['people'],
): Promise<string> {
  const [creator, ...others] = everyone;
  if (!creator) throw new Error('a group needs a creator');
  const log = createLog(table, { batch: 'transactions' });
  const { maxPeoplePerTransaction: most } = messageGroups;
  const first = { creator, title: 'bench', people: others.slice(0, most - 1) };
  const { message_group_uuid: messageGroupUuid } = (await messageGroups.create(log, first)).group;
  for (let start = most - 1; start < others.length; start += most) {
    const people = others.slice(start, start + most);
    await messageGroups.addMembers(log, { messageGroupUuid, actor: creator, people });
  }
  return messageGroupUuid;
}
