import { databaseOptions, loadConfig } from '@parley/config/config';
import { createPool } from '@parley/core/database';
import * as users from '@parley/core/users';
import { run } from './connect.ts';
import { createUserPool, signInPages } from './user-pool.ts';

async function main() {
  const config = loadConfig(process.env);
  const userPool = createUserPool(config);
  const pool = createPool({ ...databaseOptions(config), max: 1 });
  try {
    const rows: string[][] = [['HANDLE', 'NAME', 'E-MAIL', 'STATUS', 'SUB']];
    for await (const page of signInPages(userPool)) {
      const people = await users.findBySubs(
        pool,
        page.map(({ sub }) => sub),
      );
      for (const { sub, name, email, status, isEnabled } of page) {
        const person = people.get(sub);
        const shownStatus = isEnabled ? status : `${status}, disabled`;
        rows.push([
          person?.handle ?? '(not in Postgres)',
          person?.display_name ?? name ?? '',
          email ?? '',
          shownStatus,
          sub,
        ]);
      }
    }
    print(rows);
    return 0;
  } finally {
    userPool.client.destroy();
    await pool.end();
  }
}

function print(rows: string[][]) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

await run(main);
