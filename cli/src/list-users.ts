import { databaseOptions, loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database/database';
import * as users from '@parley/core/people/users';
import { run } from './connect.ts';
import { printRows } from './print.ts';
import { createUserPool, signInPages } from './user-pool.ts';

async function main() {
  const config = loadConfig(process.env);
  const userPool = createUserPool(config);
  const pool = createPool({ ...databaseOptions(config), max: 1 });
  try {
    const rows: Record<string, string>[] = [];
    for await (const page of signInPages(userPool)) {
      const people = await users.findBySubs(
        pool,
        page.map(({ sub }) => sub),
      );
      for (const { sub, name, email, status, isEnabled } of page) {
        const person = people.get(sub);
        const shownStatus = isEnabled ? status : `${status}, disabled`;
        rows.push({
          handle: person?.handle ?? '(not in Postgres)',
          name: person?.display_name ?? name ?? '',
          'e-mail': email ?? '',
          status: shownStatus,
          sub,
        });
      }
    }
    printRows(rows, {});
    return 0;
  } finally {
    userPool.client.destroy();
    await pool.end();
  }
}

await run(main);
