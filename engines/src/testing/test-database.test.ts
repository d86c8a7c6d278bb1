import { describe, expect, it } from '@jest/globals';
import { createTestDatabase } from './test-database.ts';

describe('a test database', () => {
  it('is migrated and empty each time', async () => {
    for (const _ of [1, 2]) {
      const { pool, close } = await createTestDatabase();
      await pool.query("insert into users (handle, display_name) values ('ada', 'Ada')");
      expect((await pool.query('select handle from users')).rows).toEqual([{ handle: 'ada' }]);
      await close();
    }
  });
});
