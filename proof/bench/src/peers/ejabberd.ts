import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerPostgres } from './postgres.ts';
import { password, type XmppServer } from './xmpp-server.ts';

const schema = '/usr/share/ejabberd/sql/pg.sql';

/** Debian's ejabberd with its message archive (MAM) on Postgres. */
export const ejabberd: XmppServer = {
  name: 'ejabberd',
  packages: ['ejabberd', 'erlang-p1-pgsql', 'postgresql'],
  async prepare({ folder, port, postgres, accounts }) {
    const rows = accounts.map((name) => `('${name}', '${password}')`);
    await postgres.query(
      readFileSync(schema, 'utf8'),
      `INSERT INTO users (username, password) VALUES ${rows}`,
    );
    const config = join(folder, 'ejabberd.yml');
    writeFileSync(config, configuration(port, postgres));
    // Without a node name it joins no Erlang cluster and leaves no port mapper behind.
    return {
      command: 'erl',
      args: ['-noinput', '+K', 'true', '-mnesia', 'dir', `"${join(folder, 'mnesia')}"`, '-s', 'ejabberd'],
      options: {
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          ERL_LIBS: libraries(),
          ERL_CRASH_DUMP_SECONDS: '0',
          EJABBERD_CONFIG_PATH: config,
          EJABBERD_LOG_PATH: join(folder, 'ejabberd.log'),
        },
      },
    };
  },
};

/** Debian's folder of Erlang libraries on this architecture. */
function libraries(): string {
  const folder = readdirSync('/usr/lib').find(
    (name) =>
      name.endsWith('-linux-gnu') &&
      readdirSync(join('/usr/lib', name)).some((lib) => lib.startsWith('ejabberd-')),
  );
  if (!folder) throw new Error('/usr/lib has no ejabberd');
  return join('/usr/lib', folder);
}

const configuration = (port: number, postgres: PeerPostgres) => `
hosts: [localhost]
loglevel: error
auth_method: [sql]
auth_password_format: plain
default_db: sql
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: ${postgres.port}
sql_database: ${postgres.database}
sql_username: ${postgres.user}
sql_password: ""
sql_pool_size: 10
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
modules:
  mod_mam:
    db_type: sql
    default: always
`;
