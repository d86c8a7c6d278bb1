import { parseArgs } from 'node:util';
import { type Config, databaseOptions, loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import type { Pool } from 'pg';
import { confirm } from './confirm.ts';
import { run } from './connect.ts';
import { printable } from './print.ts';
import { createUserPool, setSignInEnabled } from './user-pool.ts';

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { enable: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false } },
  });
  const config = loadConfig(process.env);
  const pool = createPool({ ...databaseOptions(config), max: 1 });
  try {
    return await change(config, pool, (positionals[0] ?? '').replace(/^@/, ''), values);
  } finally {
    await pool.end();
  }
}

async function change(
  config: Config,
  pool: Pool,
  handle: string,
  { enable: isEnabled, yes }: { enable: boolean; yes: boolean },
) {
  const user = handle && (await users.findByHandle(pool, handle));
  if (!user) {
    console.error(handle ? `Nobody has the handle ${handle}` : 'Give the handle of an account.');
    return 1;
  }
  if (!isEnabled)
    await confirm(`This disables @${user.handle} until --enable enables them again.`, user.handle, yes);
  // Postgres first, because every request reads it, so the person is disabled at once.
  if (isEnabled) await users.enable(pool, user.uuid);
  else await users.disable(pool, user.uuid);
  console.log(`@${printable(user.handle)}: ${isEnabled ? 'enabled' : 'disabled'} in Postgres`);
  console.log(`@${printable(user.handle)}: ${await changeSignIn(config, user, isEnabled)}`);
  return 0;
}

async function changeSignIn(config: Config, { cognito_user_id }: users.User, isEnabled: boolean) {
  if (!cognito_user_id) return 'has no sign-in (an imported person)';
  if (!config.COGNITO_USER_POOL_ID) return 'sign-in not changed: COGNITO_USER_POOL_ID is not set';
  const userPool = createUserPool(config);
  try {
    const isKnown = await setSignInEnabled(userPool, cognito_user_id, isEnabled);
    if (!isKnown) return `is not in the user pool ${userPool.id}`;
    return `sign-in ${isEnabled ? 'enabled' : 'disabled'} in ${userPool.id}`;
  } finally {
    userPool.client.destroy();
  }
}

await run(main);
