import { setTimeout as sleep } from 'node:timers/promises';
import * as summaries from '@parley/core/inbox/summaries';
import { type Figure, median, quantile } from '../figures.ts';
import { openConversation, planPairs, startSocketLoad } from '../lanes.ts';
import { text60 } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { type BenchPerson, type System, startSystem } from '../system.ts';

const pairs = 8;
const shareOfCapacity = 0.7;
/** The mean of random pauses. A steady pace would fall into step with the runner and hide or double the wait. */
const probeEveryMs = 40;

/** The time from a send until a consistent read of the recipient's summary shows it, under a steady load. */
export const summaryLag: Scenario = {
  name: 'summary-lag',
  about: `send -> summary readable, at ${100 * shareOfCapacity} % of capacity`,
  async run({ isQuick }) {
    const system = await startSystem();
    const load = startSocketLoad();
    try {
      const probed = await openConversation(
        system,
        await system.person('sender'),
        await system.person('recipient'),
      );
      await load.ask({ plan: await planPairs(system, pairs) });
      const seconds = isQuick ? 0.5 : 3;
      await load.ask({ load: { seconds: 1, outstanding: 4 } });
      const capacity = (await load.ask({ load: { seconds, outstanding: 4 } })).perSecond;
      const rounds: number[][] = [];
      for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
        const running = load.ask({ load: { seconds, perSecond: shareOfCapacity * capacity } });
        rounds.push(await probe(system, probed, seconds));
        await running;
      }
      const p99 = rounds.map((times) => quantile(times, 0.99));
      const figure: Figure = {
        scenario: 'summary-lag',
        name: 'send -> summary readable, p99',
        unit: 'ms',
        value: median(p99),
        rounds: p99,
        target: { of: 'value', atMost: 100 },
        also: {
          'p50 ms': median(rounds.flat()),
          'load, messages/s': shareOfCapacity * capacity,
          probes: rounds.flat().length,
        },
      };
      return [figure];
    } finally {
      await load.stop();
      await system.stop();
    }
  },
};

type Probed = { sender: BenchPerson; recipient: BenchPerson; messageGroupUuid: string };

/** Sends over HTTP and reads the recipient's summary until it shows the message. Returns times in ms. */
async function probe(system: System, { sender, recipient, messageGroupUuid }: Probed, seconds: number) {
  const times: number[] = [];
  const body = JSON.stringify({ message: text60, message_group_uuid: messageGroupUuid });
  const headers = { authorization: `Bearer ${sender.token}`, 'content-type': 'application/json' };
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const sentAtMs = performance.now();
    const response = await fetch(`${system.url}/api/messages`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`a send was answered ${response.status}`);
    const { seq } = (await response.json()) as { seq: number };
    for (;;) {
      const [row] = await summaries.getMany(system.table, messageGroupUuid, [recipient.uuid]);
      if ((row?.last_seq ?? 0) >= seq) break;
      await sleep(1);
    }
    times.push(performance.now() - sentAtMs);
    await sleep(2 * probeEveryMs * Math.random());
  }
  return times;
}
