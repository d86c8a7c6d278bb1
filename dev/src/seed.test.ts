import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { check } from '@parley/core/audit/check';
import { conversationUuid } from '@parley/core/conversations/uuids';
import * as summaries from '@parley/core/inbox/summaries';
import { createPages } from '@parley/core/log/pages';
import * as users from '@parley/core/people/users';
import { type Key, parseKey } from '@parley/core/table/keys';
import { scanPages } from '@parley/core/table/read';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { demoNeighbours, demoPeople } from './demo-people.ts';
import { type SeedOptions, seed } from './seed.ts';

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let options: SeedOptions;

beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  options = {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_DYNAMODB: testEndpoint(),
    DDB_MESSAGE_TABLE: table.name,
    DDB_RUNNER_TABLE: table.runnerName,
    DATABASE_URL: database.url,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: '',
    COGNITO_USER_POOL_ID: '',
  };
});
afterAll(async () => {
  await Promise.all([table.drop(), database.close()]);
});

describe('the seed', () => {
  it('creates the people who can sign in, a direct conversation of 100 messages and seven more, and nothing twice', async () => {
    for (let round = 0; round < 2; round++) {
      await seed(options);
      const people = await users.findByHandles(
        database.pool,
        demoPeople.map(({ handle }) => handle),
      );
      const [maya, tomas] = ['maya', 'tomas'].map((handle) => people.get(handle)?.uuid ?? '');
      expect(people.size).toBe(4);

      const messageGroupUuid = conversationUuid(maya ?? '', tomas ?? '');
      const page = await createPages(table).list({ userUuid: maya ?? '', messageGroupUuid, limit: 100 });
      expect(page.hasMore).toBe(false);
      expect(page.entries.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
      expect(new Set(page.entries.map(({ message }) => message)).size).toBe(100);

      const heads = summaries.createNewestEntries(table);
      const inbox = await summaries.list(table, heads, { userUuid: maya ?? '', limit: 10 });
      expect(inbox.summaries.map(({ title = 'direct' }) => title).sort()).toEqual([
        ...['Corner garden', 'Sensor club', 'Sunday soup 🍲'],
        ...Array.from({ length: 5 }, () => 'direct'),
      ]);
      expect(inbox.summaries.filter(({ muted }) => muted).map(({ title }) => title)).toEqual([
        'Sunday soup 🍲',
      ]);
      const times = inbox.summaries.map(({ last_message_at }) => last_message_at);
      expect(times).toEqual(times.toSorted().reverse());
      const { rows } = await database.pool.query<{ handle: string }>(
        'select handle from users order by tone, handle',
      );
      expect(rows).toHaveLength(demoPeople.length + demoNeighbours.length);
    }
  });

  it('goes on after an interruption between the logs and their members, and bin/check finds nothing', async () => {
    await seed(options);
    for await (const page of scanPages(table))
      for (const { pk, sk } of page as Key[])
        if (parseKey({ pk, sk }).item !== 'entry')
          await table.doc.send(new DeleteCommand({ TableName: table.name, Key: { pk, sk } }));
    await seed(options);
    expect((await check(table, database.pool, { settleMs: [0] })).findings).toEqual([]);
  });
});
