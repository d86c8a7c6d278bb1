import { databaseOptions, loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import { run } from './connect.ts';
import { createUserPool, syncUsers } from './user-pool.ts';

async function main() {
  const config = loadConfig(process.env);
  const userPool = createUserPool(config);
  const pool = createPool({ ...databaseOptions(config), max: 1 });
  try {
    const { created, withoutEmail, seen } = await syncUsers(userPool, pool);
    for (const { handle, uuid } of created) console.log(`created @${handle} (${uuid})`);
    for (const { handle } of withoutEmail)
      console.log(`@${handle} has no e-mail address in Postgres, because it belongs to somebody else there`);
    console.log(`${created.length} of ${seen} in ${userPool.id} were missing in Postgres`);
    return 0;
  } finally {
    userPool.client.destroy();
    await pool.end();
  }
}

await run(main);
