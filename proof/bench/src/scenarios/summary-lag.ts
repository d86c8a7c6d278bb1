import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '@parley/client/api/requests';
import { fixedToken } from '@parley/client/tokens';
import * as summaries from '@parley/core/inbox/summaries';
import { median, quantile, timed } from '../figures.ts';
import { openConversation, planPairs, withSystem } from '../lanes.ts';
import { text60 } from '../load/drive.ts';
import { alternate } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';
import type { BenchPerson, System } from '../system.ts';

const pairs = 8;
const shareOfCapacity = 0.7;
/** The mean of random pauses. A steady pace would fall into step with the runner and hide or double the wait. */
const probeEveryMs = 40;

/** The time from a send until a consistent read of the recipient's summary shows it, under a steady load. */
export const summaryLag: Scenario = {
  name: 'summary-lag',
  about: `send -> summary readable, at ${100 * shareOfCapacity} % of capacity`,
  run: ({ isQuick }) =>
    withSystem({}, async (system, load) => {
      const [sender, recipient] = [await system.person('sender'), await system.person('recipient')];
      const probed = await openConversation(system, sender, recipient);
      await load.ask({ plan: await planPairs(system, pairs) });
      await load.ask({ load: { seconds: 1, outstanding: 4 } });
      const capacity = (await load.ask({ load: { seconds: isQuick ? 0.5 : 3, outstanding: 4 } })).perSecond;
      const perSecond = shareOfCapacity * capacity;
      const task = async (seconds: number) => {
        const running = load.ask({ load: { seconds, perSecond } });
        const times = await probe(system, probed, seconds);
        await running;
        return times;
      };
      const [rounds = []] = await alternate([task], { isQuick }, { seconds: 3, warmUpSeconds: 1 });
      const p99 = rounds.map((times) => quantile(times, 0.99));
      return [
        timed('summary-lag', 'send -> summary readable, p99', p99, 'ms', {
          target: { of: 'value', atMost: 100 },
          also: {
            'p50 ms': median(rounds.flat()),
            'load, messages/s': perSecond,
            probes: rounds.flat().length,
          },
        }),
      ];
    }),
};

type Probed = { sender: BenchPerson; recipient: BenchPerson; messageGroupUuid: string };

/** Sends over HTTP and reads the recipient's summary until it shows the message. Returns times in ms. */
async function probe(system: System, { sender, recipient, messageGroupUuid }: Probed, seconds: number) {
  const times: number[] = [];
  let known_seq = 1;
  const api = createApi({ tokens: fixedToken(sender.token), fetch, url: system.url });
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const sentAtMs = performance.now();
    const send = { message: text60, message_group_uuid: messageGroupUuid, known_seq };
    const { seq } = await api.send(send, crypto.randomUUID());
    known_seq = seq;
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
