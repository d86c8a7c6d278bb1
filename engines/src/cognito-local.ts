import { mkdirSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Ids of the embedded sign-in. They name a folder of this machine, nothing that must not be known. */
export const userPoolId = 'us-east-1_ParleyDev';
export const userPoolClientId = 'parleydevelopmentclient';
export const confirmationCode = '123456';

export type CognitoOptions = {
  /** Loopback where it is not said otherwise: the signing key is public. */
  host?: string | undefined;
  port: number;
  /** Where people are kept. */
  dir: string;
  /** Where the Lambda invoke endpoint is, which runs `post-confirmation`. */
  runnerUrl: string;
};

export const cognitoIssuer = (port: number) => `http://127.0.0.1:${port}/${userPoolId}`;

/**
 * Runs the sign-in. Its signing key is public: it listens on loopback only.
 * It keeps its state under the working directory, so the process that calls this is its own.
 */
export async function startCognito(options: CognitoOptions) {
  const { port, dir } = options;
  writeState(options);
  process.chdir(dir);
  process.env.CODE = confirmationCode;
  process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
  const require = createRequire(createRequire(import.meta.url).resolve('cognito-local'));
  const written = writeWholeFiles(require('stormdb'));
  const { createDefaultServer } = require('./server');
  const app = await createDefaultServer(require('pino')({ level: 'warn' }));
  const server: Server = await app.start();
  return {
    url: `http://127.0.0.1:${port}`,
    failed: new Promise<never>((_, reject) => server.once('error', reject)),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
      await closed;
      await written();
    },
  };
}

function writeState({ host = '127.0.0.1', port, dir, runnerUrl }: CognitoOptions) {
  const database = join(dir, '.cognito/db');
  mkdirSync(database, { recursive: true });
  writeFileSync(
    join(dir, '.cognito/config.json'),
    JSON.stringify({
      ServerConfig: { hostname: host, port },
      TokenConfig: { IssuerDomain: `http://127.0.0.1:${port}` },
      TriggerFunctions: { PostConfirmation: 'post-confirmation' },
      LambdaClient: {
        endpoint: runnerUrl,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        maxRetries: 1,
      },
      UserPoolDefaults: { Name: 'parley', UsernameAttributes: ['email'], AutoVerifiedAttributes: ['email'] },
    }),
  );
  writeUnlessThere(join(database, `${userPoolId}.json`), { Users: {} });
  writeUnlessThere(join(database, 'clients.json'), {
    Clients: {
      [userPoolClientId]: {
        ClientId: userPoolClientId,
        ClientName: 'parley',
        UserPoolId: userPoolId,
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        TokenValidityUnits: { AccessToken: 'hours', IdToken: 'hours', RefreshToken: 'days' },
        AccessTokenValidity: 1,
        IdTokenValidity: 1,
        RefreshTokenValidity: 30,
      },
    },
  });
}

function writeUnlessThere(path: string, content: object) {
  try {
    writeFileSync(path, JSON.stringify(content), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

type Engine = { path: string; serialize(data: unknown): string };

/**
 * The store rewrites its file with every request, several writes at a time, into the same bytes. Here they come one
 * after the other and each replaces the file as a whole, so that neither a second sign-in nor a crash tears it.
 */
function writeWholeFiles(stormdb: {
  localFileEngine: { prototype: { write(data: unknown): Promise<void> } };
}) {
  let last = Promise.resolve();
  stormdb.localFileEngine.prototype.write = function (this: Engine, data) {
    const text = this.serialize(data);
    const write = last.then(async () => {
      await writeFile(`${this.path}.partial`, text);
      await rename(`${this.path}.partial`, this.path);
    });
    last = write.catch(() => {});
    return write;
  };
  return () => last;
}
