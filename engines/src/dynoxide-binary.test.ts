import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from './launch.ts';

let dir: string;
let registry: Server;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-registry-'));
  registry = createServer((req, res) => {
    res.writeHead(req.url?.includes('plan9') ? 404 : 500, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  rmSync(dir, { recursive: true });
});

/** In a process of its own, because the install blocks, and this process runs the registry. */
async function install(platform: string) {
  const program = `
    import { installDynoxide } from './engines/src/dynoxide-binary.ts';
    try {
      console.log(installDynoxide(process.env.PLATFORM, process.env.FOLDER));
    } catch (error) {
      console.log(error.message);
    }`;
  const { port } = registry.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    {
      cwd: root,
      env: {
        ...process.env,
        PLATFORM: platform,
        FOLDER: join(dir, platform),
        npm_config_registry: `http://127.0.0.1:${port}`,
        npm_config_fetch_retries: '0',
        npm_config_cache: join(dir, 'npm'),
      },
    },
  );
  return stdout.trim();
}

describe('the package of dynoxide', () => {
  it('is reported as missing if npm has none for the platform', async () => {
    expect(await install('plan9-mips')).toBe('false');
    expect(readdirSync(dir).filter((name) => name.startsWith('plan9'))).toEqual([]);
  });

  it('is not reported as missing if the registry fails', async () => {
    const said = await install('linux-s390x');
    expect(said).toMatch(
      /^The embedded DynamoDB API \(@dynoxide\/linux-s390x@[\d.]+\) could not be installed: .*500/,
    );
    expect(said).not.toContain('\n');
  });
});
