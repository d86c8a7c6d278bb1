import { parseArgs } from 'node:util';
import { loadConfig } from '@parley/config/config';
import { isUnreachable, migrate } from '@parley/core/database';
import { createDatabase, databaseName, dropDatabase, isRemote, loadSchema } from './databases.ts';

/** What bin/db/create, drop, schema-load and migrate do. They need no psql. */
const commands: Record<string, (url: string) => Promise<string>> = {
  async create(url) {
    return (await createDatabase(url))
      ? `Made ${databaseName(url)}`
      : `${databaseName(url)} is there already`;
  },
  async drop(url) {
    if (isRemote(url) && !values.yes)
      return refuse('DATABASE_URL is another machine. Add --yes if you mean it.');
    const name = databaseName(url);
    const outcome = await dropDatabase(url);
    if (outcome === 'missing') return `There is no ${name}`;
    return `${outcome === 'dropped' ? 'Dropped' : 'Emptied'} ${name}. bin/db/setup makes it anew.`;
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

function refuse(reason: string) {
  process.exitCode = 1;
  return reason;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { yes: { type: 'boolean', default: false } },
});
const command = commands[positionals[0] ?? ''];
if (!command) throw new Error(`One of: ${Object.keys(commands).join(', ')}`);
try {
  const line = await command(loadConfig(process.env).DATABASE_URL);
  if (process.exitCode) console.error(line);
  else console.log(line);
} catch (error) {
  if (!isUnreachable(error)) throw error;
  console.error(`Postgres does not answer: ${error.message}`);
  process.exitCode = 1;
}
