import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerPostgres } from './postgres.ts';
import { password, type XmppServer } from './xmpp-server.ts';

/** Debian's Prosody with its message archive (MAM) on Postgres. */
export const prosody: XmppServer = {
  name: 'Prosody',
  packages: ['prosody', 'lua-dbi-postgresql', 'postgresql'],
  async prepare({ folder, port, postgres, accounts }) {
    const folderOfAccounts = join(folder, 'localhost/accounts');
    mkdirSync(folderOfAccounts, { recursive: true });
    for (const name of accounts)
      writeFileSync(join(folderOfAccounts, `${name}.dat`), `return { ["password"] = "${password}"; };\n`);
    const config = join(folder, 'prosody.cfg.lua');
    writeFileSync(config, configuration(folder, port, postgres));
    return { command: 'prosody', args: ['-F', '--root', '--config', config] };
  },
};

const configuration = (folder: string, port: number, postgres: PeerPostgres) => `
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}"
log = { error = "*stderr" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
s2s_ports = {}
s2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "saslauth", "mam" }
modules_disabled = { "s2s", "tls", "offline" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = { accounts = "internal", archive = "sql", archive_prefs = "internal" }
sql = { driver = "PostgreSQL", database = "${postgres.database}", username = "${postgres.user}", password = "", host = "127.0.0.1", port = ${postgres.port} }
default_archive_policy = true
VirtualHost "localhost"
`;
