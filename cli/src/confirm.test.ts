import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as users from '@parley/core/people/users';
import { createTestDatabase } from '@parley/engines/testing/test-database';
import { createTestTable } from '@parley/engines/testing/test-table';
import { runScript, scriptEnv } from './testing/scripts.ts';

/* Destructive scripts ask for a word at a terminal, and do nothing without one. */

let table: Awaited<ReturnType<typeof createTestTable>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  [table, database] = await Promise.all([createTestTable(), createTestDatabase()]);
  await users.insertPeople(database.pool, [{ handle: 'ada' }, { handle: 'bob' }]);
});
afterAll(() => Promise.all([table.drop(), database.close()]));

const person = (handle: string) => users.findByHandle(database.pool, handle);

test.each([
  [['db/drop'], 'This drops '],
  [['ddb/drop'], 'This drops '],
  [['ddb/dead-letters', 'purge', '--all'], 'This removes every dead letter for good.'],
  [['cognito/disable-user', 'ada'], 'This disables @ada'],
  [['erase-person', 'ada'], 'This erases @ada'],
])('bin/%s does nothing without a terminal and without --yes', async (args, consequence) => {
  const { code, stdout, stderr } = await runScript({ table, database }, args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(consequence);
  expect(stderr).toMatch(/There is no terminal to ask at\. Add --yes if you mean it\.\n$/);
  expect(await person('ada')).toMatchObject({ handle: 'ada', disabled_at: null });
});

// `script`, which makes the terminal, takes other arguments on other systems.
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

(hasTerminals ? test : test.skip)('a terminal accepts only the word that was asked for', async () => {
  expect(await atTerminal("bin/cognito/disable-user 'bob'", 'bov\n')).toMatch(
    /Type bob to continue: .*Nothing was done/s,
  );
  expect(await person('bob')).toMatchObject({ disabled_at: null });
  expect(await atTerminal("bin/cognito/disable-user 'bob'", '@bob\n')).toContain('disabled in Postgres');
  expect((await person('bob'))?.disabled_at).toBeInstanceOf(Date);
});

function atTerminal(command: string, typed: string) {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: scriptEnv({ table, database }),
  });
  let output = '';
  child.stdout.on('data', (data) => {
    const isAskedNow = !output.includes('to continue:') && `${output}${data}`.includes('to continue:');
    output += data;
    if (isAskedNow) child.stdin.write(typed);
  });
  return new Promise<string>((resolve) => child.once('close', () => resolve(output)));
}
