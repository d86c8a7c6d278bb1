import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { conversationUuid } from '@parley/core/conversations/uuids';
import * as summaries from '@parley/core/inbox/summaries';
import { createPages } from '@parley/core/log/pages';
import * as users from '@parley/core/people/users';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable, testEndpoint } from '@parley/engines/testing/test-table';
import { demoPeople } from './demo-people.ts';
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
  it('creates four people, a direct conversation with 100 messages and a group of four, and nothing twice', async () => {
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
      expect(inbox.summaries).toHaveLength(2);
    }
  });
});
