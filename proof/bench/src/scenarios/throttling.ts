import { setTimeout as sleep } from 'node:timers/promises';
import * as messages from '@parley/core/conversations/messages';
import { AppError } from '@parley/core/errors';
import * as summaries from '@parley/core/inbox/summaries';
import type { Entry } from '@parley/core/log/entries';
import * as entries from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import { createProjector } from '@parley/core/projections/projector';
import { closeTable, createTable, type Table } from '@parley/core/table/client';
import { type BenchEngine, startEngine } from '../engine.ts';
import { counted, type Figure, quantile } from '../figures.ts';
import { makePeople, recordsOf, text60 } from '../people.ts';
import { dynamoLimits, startPartitionProxy } from '../scale/partition-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createGroup } from './fan-out.ts';

/** Limits and loads are those of DynamoDB divided by this, so that the engine itself is never what bends. */
const scale = 10;
const limits = {
  writeUnits: dynamoLimits.writeUnits / scale,
  readUnits: dynamoLimits.readUnits / scale,
};
const members = 20;
const passMs = 50;

/** One conversation beyond what a key range takes: what is acknowledged, what is refused, and whether anything is lost. */
export const throttling: Scenario = {
  name: 'throttling',
  about: `the append and projection code against DynamoDB's limits of a key range (both divided by ${scale})`,
  async run({ isQuick }) {
    const engine = await startEngine({ hasStream: false });
    const proxy = await startPartitionProxy(engine.url, limits);
    const table = createTable({
      region: 'us-east-1',
      endpoint: proxy.endpoint,
      name: engine.names.name,
      runnerName: engine.names.runnerName,
    });
    try {
      const figures: Figure[] = [];
      for (const share of isQuick ? [2] : [0.5, 0.9, 1.5, 3])
        figures.push(...(await offer(engine, table, proxy.throttled, share, isQuick ? 1 : 4)));
      return figures;
    } finally {
      closeTable(table);
      await proxy.close();
      await engine.stop();
    }
  },
};

/** Offers one group a share of what its key range takes, for some seconds, and looks at what became of it. */
async function offer(
  engine: BenchEngine,
  table: Table,
  throttled: () => number,
  share: number,
  seconds: number,
) {
  const everyone = makePeople(members);
  const direct = engine.connect();
  const messageGroupUuid = await createGroup(direct, everyone);
  const log = createLog(table, { batch: 'statements' });
  const projection = project(table);
  const perSecond = share * limits.writeUnits;
  throttled();
  let busy = 0;
  const latencies: number[] = [];
  const acknowledged: Entry[] = [];
  const pending: Promise<void>[] = [];
  const startedAtMs = performance.now();
  for (let sent = 0; sent < perSecond * seconds; sent += 1) {
    const waitMs = startedAtMs + (sent * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    const sentAtMs = performance.now();
    const sender = everyone[sent % members];
    if (!sender) throw new Error('a sender');
    pending.push(
      messages.send(log, { sender, messageGroupUuid, message: text60 }).then(
        (entry) => {
          latencies.push(performance.now() - sentAtMs);
          acknowledged.push(entry);
          projection.take(entry);
        },
        (error) => {
          if (!(error instanceof AppError && error.codes.includes('busy'))) throw error;
          busy += 1;
        },
      ),
    );
  }
  await Promise.all(pending);
  const elapsed = (performance.now() - startedAtMs) / 1_000;
  const passes = await projection.end();
  const lost = await lostOf(direct, messageGroupUuid, acknowledged);
  const stale = await staleOf(direct, messageGroupUuid, everyone);
  const name = `offered ${share} of a key range`;
  return [
    counted(
      'throttling',
      `${name}: acknowledged`,
      acknowledged.length / elapsed / limits.writeUnits,
      'of its units',
      {
        also: {
          'answered busy, share': busy / pending.length,
          'p50 ms': quantile(latencies, 0.5),
          'p99 ms': quantile(latencies, 0.99),
          'throttled requests and statements': throttled(),
          'messages a summary rewrite': acknowledged.length / passes,
        },
      },
    ),
    counted(
      'throttling',
      `${name}: acknowledged and not in the log once, or summaries not at its end`,
      lost + stale,
      'items',
      {
        target: { of: 'value', atMost: 0 },
      },
    ),
  ];
}

/** As the stream's Lambda does: one batch after the other, of what gathered meanwhile; a batch that fails comes again. */
function project(table: Table) {
  const projector = createProjector(table);
  const waiting: Entry[] = [];
  let isEnding = false;
  let passes = 0;
  const running = (async () => {
    while (!isEnding || waiting.length > 0) {
      await sleep(passMs);
      const batch = waiting.splice(0, 1_000);
      if (batch.length === 0) continue;
      passes += 1;
      const failed = await projector.project(recordsOf(batch));
      if (failed.size > 0) waiting.unshift(...batch);
    }
    return passes;
  })();
  return {
    take: (entry: Entry) => waiting.push(entry),
    end: () => {
      isEnding = true;
      return running;
    },
  };
}

async function lostOf(table: Table, messageGroupUuid: string, acknowledged: Entry[]): Promise<number> {
  const found = new Map<string, number>();
  let expected = 1;
  let holes = 0;
  for await (const page of entries.pages(table, messageGroupUuid, { order: 'ascending' }))
    for (const { message_uuid, seq } of page) {
      found.set(message_uuid, (found.get(message_uuid) ?? 0) + 1);
      if (seq !== expected) holes += 1;
      expected = seq + 1;
    }
  return holes + acknowledged.filter(({ message_uuid }) => found.get(message_uuid) !== 1).length;
}

async function staleOf(
  table: Table,
  messageGroupUuid: string,
  everyone: { uuid: string }[],
): Promise<number> {
  const newest = await entries.newest(table, messageGroupUuid);
  const rows = await summaries.getMany(
    table,
    messageGroupUuid,
    everyone.map(({ uuid }) => uuid),
  );
  // What was written and answered busy is in the log too, and the real stream would tell of it.
  const told = Math.max(...rows.map(({ last_seq }) => last_seq));
  return rows.filter(({ last_seq }) => last_seq !== told).length + (newest && told > newest.seq ? 1 : 0);
}
