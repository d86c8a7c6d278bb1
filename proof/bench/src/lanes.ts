import * as messages from '@parley/core/conversations/messages';
import { createLog } from '@parley/core/log/log';
import { type Load, type LoadResult, text60 } from './load/drive.ts';
import type { SocketPlan } from './load/sockets.ts';
import { type BenchPerson, people, type System, type SystemOptions, startSystem } from './system.ts';
import { startWorker } from './worker.ts';

/** Starts the load generator of Parley's sockets. */
export const startSocketLoad = () =>
  startWorker<{ plan: SocketPlan } | { load: Load }, LoadResult>('load/sockets.ts');

export type SocketLoad = ReturnType<typeof startSocketLoad>;

/** Runs a measurement of a system with a generator of load on its sockets. */
export async function withSystem<Result>(
  options: SystemOptions,
  measure: (system: System, load: SocketLoad) => Promise<Result>,
): Promise<Result> {
  const system = await startSystem(options);
  const load = startSocketLoad();
  try {
    return await measure(system, load);
  } finally {
    await load.stop();
    await system.stop();
  }
}

/** Opens the direct conversation of two people with a message of the first. */
export async function openConversation(
  system: System,
  sender: BenchPerson | undefined,
  recipient: BenchPerson | undefined,
) {
  if (!sender || !recipient) throw new Error('a conversation needs two people');
  const log = createLog(system.table, { batch: 'transactions' });
  const first = await messages.sendDirect(log, { sender, recipient, message: text60 });
  return { sender, recipient, messageGroupUuid: first.message_group_uuid };
}

/** Makes pairs of people. The first of each pair writes to the second. */
export async function planPairs(system: System, pairs: number): Promise<SocketPlan> {
  const everyone = await people(system, 2 * pairs);
  const lanes = await Promise.all(
    Array.from({ length: pairs }, async (_, pair) => {
      const [from, to] = [2 * pair, 2 * pair + 1];
      const { messageGroupUuid } = await openConversation(system, everyone[from], everyone[to]);
      return { from, to, messageGroupUuid };
    }),
  );
  return { url: system.url, tokens: everyone.map(({ token }) => token), lanes, receivers: 1 };
}
