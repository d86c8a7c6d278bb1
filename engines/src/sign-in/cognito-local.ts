import { mkdirSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SignInError } from './errors.ts';
import type { Attribute, StoredUser } from './stored-user.ts';

/* The used parts of cognito-local: its store, the operations of an administrator, and the calls of the Lambdas. */

export type CognitoLocalOptions = {
  /** The folder of the stored people. */
  dir: string;
  /** The Lambda invoke endpoint that runs `pre-sign-up` and `post-confirmation`. */
  runnerUrl: string;
  userPoolId: string;
  clientId: string;
  /** The code of every confirmation, because no mail is sent. */
  code: string;
};

type Context = { logger: typeof silent };

export type UserPool = {
  listUsers(ctx: Context): Promise<StoredUser[]>;
  saveUser(ctx: Context, user: StoredUser): Promise<void>;
};

export type Confirmation = {
  clientId: string;
  source: string;
  username: string;
  userPoolId: string;
  userAttributes: Attribute[];
};

type Services = {
  cognito: { getUserPool(ctx: Context, id: string): Promise<UserPool> };
  triggers: {
    preSignUp(ctx: Context, signUp: Confirmation): Promise<unknown>;
    postConfirmation(ctx: Context, confirmation: Confirmation): Promise<void>;
  };
};

export const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

export async function openCognitoLocal(options: CognitoLocalOptions) {
  const { dir, userPoolId, clientId } = options;
  process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
  const folder = join(dir, '.cognito/db');
  writeState(folder, userPoolId, clientId);
  const require = createRequire(createRequire(import.meta.url).resolve('cognito-local'));
  const written = writeWholeFiles(require('stormdb'));
  const services: Services = await createServices(require, folder, options);
  const { Router } = require('./server/Router');
  const route: (operation: string) => (ctx: Context, request: object) => Promise<object> = Router(services);
  const ctx = { logger: silent };
  return {
    pool: await services.cognito.getUserPool(ctx, userPoolId),
    call: (operation: string, request: object) => route(operation)(ctx, request),
    /** Throws Cognito's error if the Lambda refuses. If the runner is not available, nobody is refused. */
    async signingUp(signUp: Confirmation) {
      try {
        await services.triggers.preSignUp(ctx, signUp);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code === 'UnexpectedLambdaExceptionException') return;
        if (code !== 'UserLambdaValidationException') throw error;
        throw new SignInError(code, message.replace(/^pre-sign-up/, 'PreSignUp'));
      }
    },
    /** As on AWS, a failing Lambda does not undo the confirmation. The runner logs the failure. */
    confirmed: (confirmation: Confirmation) => services.triggers.postConfirmation(ctx, confirmation),
    written,
  };
}

export type CognitoLocal = Awaited<ReturnType<typeof openCognitoLocal>>;

/** Builds cognito-local's services as its own server does, on our folder and without that server. */
async function createServices(
  require: NodeJS.Require,
  folder: string,
  { runnerUrl, code }: CognitoLocalOptions,
): Promise<Services> {
  const ctx = { logger: silent };
  const { DateClock, LambdaService, TriggersService } = require('./services');
  const { CognitoServiceFactoryImpl } = require('./services/cognitoService');
  const { StormDBDataStoreFactory } = require('./services/dataStore/stormDb');
  const { UserPoolServiceFactoryImpl } = require('./services/userPoolService');
  const { Lambda } = require('aws-sdk');
  const clock = new DateClock();
  const stores = new StormDBDataStoreFactory(folder);
  const pools = new UserPoolServiceFactoryImpl(clock, stores);
  const cognito = await new CognitoServiceFactoryImpl(folder, stores, pools).create(ctx, {
    Name: 'parley',
    UsernameAttributes: ['email'],
    AutoVerifiedAttributes: ['email'],
  });
  const client = new Lambda({
    endpoint: runnerUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxRetries: 1,
  });
  const lambda = new LambdaService(
    { PreSignUp: 'pre-sign-up', PostConfirmation: 'post-confirmation' },
    client,
  );
  // No mail is sent. The code is the same for everybody, and bin/start prints it.
  const messages = { deliver: async () => {} };
  const triggers = new TriggersService(clock, cognito, lambda);
  return { cognito, clock, messages, triggers, otp: () => code } as Services;
}

function writeState(folder: string, userPoolId: string, clientId: string) {
  mkdirSync(folder, { recursive: true });
  writeUnlessThere(join(folder, `${userPoolId}.json`), { Users: {} });
  const client = { ClientId: clientId, ClientName: 'parley', UserPoolId: userPoolId };
  writeUnlessThere(join(folder, 'clients.json'), { Clients: { [clientId]: client } });
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
 * cognito-local rewrites its file in place with every request, several writes at a time. Here writes run one after the
 * other and each replaces the whole file, so that neither a second sign-in nor a crash corrupts it.
 */
function writeWholeFiles(stormdb: {
  localFileEngine: { prototype: { write(data: unknown): Promise<void> } };
}) {
  let last = Promise.resolve();
  stormdb.localFileEngine.prototype.write = function (this: Engine, data) {
    const text = this.serialize(data);
    const write = last.then(async () => {
      await writeFile(`${this.path}.partial`, text, { mode: 0o600 });
      await rename(`${this.path}.partial`, this.path);
    });
    last = write.catch(() => {});
    return write;
  };
  return () => last;
}
