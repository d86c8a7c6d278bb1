import { parseArgs } from 'node:util';
import { loadConfig } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { migrate } from '@parley/core/database/database';
import { confirm } from './confirm.ts';
import { run } from './connect.ts';
import { createDatabase, databaseName, dropDatabase, isRemote, loadSchema } from './databases.ts';

/** The commands of bin/db/create, drop, schema-load and migrate. They need no psql. */
const commands: Record<string, (url: string, isYes: boolean) => Promise<string>> = {
  async create(url) {
    return (await createDatabase(url))
      ? `Created ${databaseName(url)}`
      : `${databaseName(url)} exists already`;
  },
  async drop(url, isYes) {
    if (isRemote(url) && !isYes)
      return refuse('DATABASE_URL is on another machine. Add --yes if you mean it.');
    const name = databaseName(url);
    await confirm(`This drops ${name} with all people in it.`, name, isYes);
    const outcome = await dropDatabase(url);
    if (outcome === 'missing') return `${name} does not exist`;
    return `${outcome === 'dropped' ? 'Dropped' : 'Emptied'} ${name}. bin/db/setup creates it again.`;
  },
  async 'schema-load'(url) {
    if (await loadSchema(url, 'db/schema.sql')) return `Loaded db/schema.sql into ${databaseName(url)}`;
    return refuse(`${databaseName(url)} has a schema already. bin/db/migrate brings it up to date.`);
  },
  async migrate(url) {
    const applied = await migrate(url);
    return applied.length === 0 ? 'Nothing to migrate' : `Migrated: ${applied.join(', ')}`;
  },
};

/** Sets exit code 1, for a request that is refused. */
function refuse(reason: string) {
  process.exitCode = 1;
  return reason;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { yes: { type: 'boolean', default: false } },
  });
  const command = commands[positionals[0] ?? ''];
  if (!command || positionals.length > 1)
    throw new UsageError(`Give one command: ${Object.keys(commands).join(', ')}`);
  const line = await command(loadConfig(process.env).DATABASE_URL, values.yes);
  if (process.exitCode) console.error(line);
  else console.log(line);
  return Number(process.exitCode ?? 0);
}

await run(main);
