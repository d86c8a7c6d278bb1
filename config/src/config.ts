import { bool, cleanEnv, makeValidator, port, str } from 'envalid';

const list = makeValidator<string[]>((input) =>
  input
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const count = makeValidator<number>((input) => {
  const value = Number(input);
  if (!Number.isInteger(value) || value < 0) throw new Error('expects a whole number');
  return value;
});

/** The kinds of characters that a user pool can demand in a password. */
export type PasswordClass = (typeof passwordClasses)[number];
const passwordClasses = ['lowercase', 'uppercase', 'digit', 'symbol'] as const;
const isPasswordClass = (text: string): text is PasswordClass =>
  passwordClasses.some((name) => name === text);
const passwordClassList = makeValidator<PasswordClass[]>((input) => {
  const names = input
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  if (!names.every(isPasswordClass)) throw new Error(`expects some of ${passwordClasses.join()}`);
  return names;
});

/** An empty value means no address. */
const address = (isOne: (text: string) => boolean, expected: string) =>
  makeValidator<string>((input) => {
    if (input !== '' && !isOne(input)) throw new Error(`expects an address such as ${expected}`);
    return input;
  });
const isHttp = (text: string) => /^https?:\/\//.test(text) && URL.canParse(text);
/** The host may be missing after a user, because `pg` accepts the folder of a Unix socket as a parameter instead. */
const isPostgres = (text: string) =>
  /^postgres(ql)?:\/\//.test(text) && URL.canParse(text.replace('@/', '@host/'));
const httpAddress = address(isHttp, 'http://127.0.0.1:8000');
const httpAddresses = address(
  (text) => text.split(',').every((part) => isHttp(part.trim())),
  'http://127.0.0.1:8000',
);
const postgresAddress = address(isPostgres, 'postgres://user:password@127.0.0.1:5432/parley');
const folder = makeValidator<string>((input) => {
  if (input.trim() === '') throw new Error('expects a folder');
  return input;
});

/** An item of the table has at most 400 KB, and a UTF-16 unit takes up to 3 bytes. */
const messageLength = makeValidator<number>((input) => {
  const value = Number(input);
  if (!Number.isInteger(value) || value < 1 || value > 65_536) throw new Error('expects 1 to 65536');
  return value;
});

/** A lease is renewed three times within its duration, with a request each. */
const leaseDuration = makeValidator<number>((input) => {
  const value = Number(input);
  if (!Number.isInteger(value) || value < 300) throw new Error('expects 300 or more');
  return value;
});

/** Every variable that Parley reads, with its default and meaning. A test keeps `.env.example` equal. */
export const variables = {
  HOST: str({ default: '127.0.0.1', desc: 'Address the API binds to; 0.0.0.0 in a container' }),
  PORT: port({ default: 4567, desc: 'Port of the API' }),
  KEEP_ALIVE_SECONDS: count({
    default: 5,
    desc: 'How long an idle connection stays open; behind a load balancer longer than its own idle timeout',
  }),
  LOG_LEVEL: str({
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    desc: 'Lowest severity that is logged',
  }),
  DATA_DIR: folder({ default: '.data', desc: 'Folder of the embedded engines' }),

  AWS_REGION: str({ default: 'us-east-1', desc: 'Region of the table and the user pool' }),
  AWS_ENDPOINT_URL_DYNAMODB: httpAddress({
    default: '',
    desc: 'DynamoDB API; empty: AWS, or the embedded engine in bin/start',
  }),
  DDB_MESSAGE_TABLE: str({ default: 'parley-messages', desc: 'The table of all conversations' }),
  DDB_RUNNER_TABLE: str({
    default: 'parley-runner',
    desc: 'Checkpoints, leases, dead letters, import positions',
  }),
  DEAD_LETTER_BUCKET: str({
    default: '',
    desc: "Bucket of the Lambdas' on-failure destination, which holds the dead letters on AWS; empty: the runner table holds them",
  }),
  AWS_ENDPOINT_URL_S3: httpAddress({ default: '', desc: 'S3 API of that bucket; empty: AWS' }),
  APPEND_BATCH: str({
    default: 'auto',
    choices: ['auto', 'statements', 'transactions'],
    desc: 'How entries and summaries are batched: as single conditional statements (one write unit each), or as transactions (two units, one disk sync); auto: statements on AWS, transactions elsewhere',
  }),

  DATABASE_URL: postgresAddress({ default: '', desc: 'Postgres; empty: the embedded engine in bin/start' }),
  DATABASE_AUTH: str({
    default: 'password',
    choices: ['password', 'iam'],
    desc: 'How to log in to Postgres: with the password in DATABASE_URL, or with a signed token (RDS)',
  }),
  DATABASE_OWNER_ARN: str({
    default: '',
    desc: "Secret in Secrets Manager with the credentials of the schema's owner; used only by the migrations on AWS",
  }),
  DATABASE_POOL_SIZE: count({ default: 10, desc: 'Maximum number of Postgres connections of a process' }),

  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: httpAddress({
    default: '',
    desc: 'Cognito API; empty: AWS, or the embedded sign-in in bin/start',
  }),
  COGNITO_USER_POOL_ID: str({ default: '', desc: 'The user pool' }),
  COGNITO_USER_POOL_CLIENT_ID: str({ default: '', desc: 'client_id that access tokens must carry' }),
  COGNITO_DEVELOPMENT_CODE: str({
    default: '',
    desc: 'The fixed confirmation code of a sign-in on this machine, which sends no mail: the page shows the code. No effect on any other sign-in',
  }),
  PASSWORD_MIN_LENGTH: count({
    default: 12,
    desc: 'Shortest password that the user pool accepts; shown on the sign-in page',
  }),
  PASSWORD_CLASSES: passwordClassList({
    default: [...passwordClasses],
    desc: 'Kinds of characters that the user pool requires in a password, comma separated',
  }),
  TOKEN_ISSUER: httpAddress({ default: '', desc: 'Issuer of access tokens; empty: the user pool on AWS' }),
  TOKEN_JWKS_URI: httpAddress({
    default: '',
    desc: "The issuer's key set; empty: <issuer>/.well-known/jwks.json",
  }),

  CORS_ORIGINS: list({
    default: [],
    desc: 'Other origins whose browser clients may call the API, comma separated',
  }),
  TRUSTED_PROXIES: count({
    default: 0,
    desc: "Number of proxies in front of every node, each of which appends to X-Forwarded-For; limits per address then count the client's address. 0: the header is ignored",
  }),
  RATE_LIMIT_PER_MINUTE: count({
    default: 600,
    desc: 'Requests and frames that a person may send per minute; 0 turns the limit off',
  }),
  MAX_REQUESTS_IN_FLIGHT: count({
    default: 1_000,
    desc: 'Requests and frames in flight on a node; more are answered 503. 0 turns the limit off',
  }),
  MAX_REQUESTS_PER_PERSON: count({
    default: 32,
    desc: 'Requests and frames of one person in flight on a node; more are answered 429. 0 turns the limit off',
  }),
  MAX_EVENT_LOOP_DELAY_MS: count({
    default: 500,
    desc: "Mean delay of a node's event loop, in ms, above which a part of the requests is answered 503; 0 turns the limit off",
  }),
  MESSAGE_MAX_CHARS: messageLength({
    default: 1024,
    desc: 'Longest message, in UTF-16 units; at most 65536',
  }),
  CURSOR_SECRETS: list({
    default: [],
    desc: 'Secrets that sign page cursors, newest first, comma separated; the same on every node. Empty: a random one, so cursors become invalid when the process ends',
  }),

  REALTIME_BUFFER_BYTES: count({
    default: 1_048_576,
    desc: 'Bytes that may wait for a slow socket before it is closed with 4408',
  }),
  REALTIME_SOCKETS_PER_PERSON: count({ default: 20, desc: 'Sockets that a person may have on a node' }),
  REALTIME_FRAMES_PER_SECOND: count({
    default: 20,
    desc: 'Frames that a socket may send per second on average (three times as many in a burst); 0 turns the limit off',
  }),
  REALTIME_HANDSHAKES_PER_SECOND: count({
    default: 500,
    desc: 'New sockets that a node accepts per second; 0 turns the limit off',
  }),
  REALTIME_UNAUTHENTICATED: count({
    default: 2_000,
    desc: 'Unauthenticated sockets on a node; above this the oldest silent one is closed',
  }),
  REALTIME_UNAUTHENTICATED_PER_ADDRESS: count({
    default: 200,
    desc: 'Unauthenticated sockets of one address (see TRUSTED_PROXIES); above this the oldest silent one is closed',
  }),
  DELIVERY_HOST: str({
    default: '127.0.0.1',
    desc: 'Address the internal delivery endpoint binds to; it must not be reachable by the public',
  }),
  DELIVERY_PORT: port({ default: 4570, desc: 'Port of the internal delivery endpoint' }),
  DELIVERY_URL: httpAddress({
    default: '',
    desc: "URL at which the Lambda and other nodes reach this endpoint; empty: the host and port above, or this machine's address for 0.0.0.0",
  }),
  DELIVERY_SECRETS: list({
    default: [],
    desc: 'Secrets that sign deliveries, newest first, comma separated; the same on every node and the Lambda',
  }),
  DELIVERY_SECRETS_ARN: str({
    default: '',
    desc: 'Secret in Secrets Manager from which the Lambda reads them instead, every 5 minutes',
  }),
  ECS_CONTAINER_METADATA_URI_V4: str({
    default: '',
    desc: "Set by ECS: metadata with the task's own address, used if DELIVERY_URL is empty",
  }),

  METRICS_PORT: count({
    default: 0,
    desc: 'Port on which Prometheus reads /metrics; 0 turns it off',
  }),
  METRICS_HOST: str({
    default: '127.0.0.1',
    desc: 'Address that port binds to; it must not be reachable by the public',
  }),
  METRICS_LOG_SECONDS: count({
    default: 0,
    desc: 'Interval of log lines with the main figures, for CloudWatch; 0 turns them off',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpAddress({
    default: '',
    desc: 'Endpoint for traces (OTLP over HTTP, such as http://127.0.0.1:4318); empty: no traces',
  }),

  RUNNER_URL: httpAddresses({
    default: '',
    desc: 'Local stream runners that the API wakes after a write, comma separated; empty on AWS',
  }),
  RUNNER_HOST: str({ default: '127.0.0.1', desc: 'Address the local stream runner binds to' }),
  RUNNER_PORT: port({ default: 4569, desc: 'Port of the local stream runner and Lambda invoke endpoint' }),
  RUNNER_LEASE_MS: leaseDuration({
    default: 6_000,
    desc: 'A stream runner that does not renew its leases for this long loses its shards to another; at least 300',
  }),
  DRIFT_SAMPLE_SECONDS: count({
    default: 60,
    desc: 'Interval at which a stream runner recounts a random and a recently changed conversation; 0: never',
  }),
  DYNAMODB_LOCAL_JAR: str({
    default: '',
    desc: 'DynamoDBLocal.jar, which bin/start then runs with Java instead of dynoxide',
  }),
  DYNAMODB_LOCAL_DOWNLOAD: bool({
    default: false,
    desc: 'Whether bin/start may download DynamoDB Local from AWS without asking if there is no dynoxide for the platform',
  }),
  DYNOXIDE_PORT: port({ default: 4571, desc: 'Port of the embedded DynamoDB API' }),
  PGLITE_PORT: port({ default: 4572, desc: 'Port of the embedded Postgres' }),
  COGNITO_PORT: port({ default: 4573, desc: 'Port of the embedded sign-in' }),
};

/** Reads the configuration. Throws one error that names every invalid variable, and the line of a file that set it. */
export function loadConfig(env: Record<string, string | undefined>) {
  return cleanEnv(env, variables, {
    reporter: ({ errors }) => {
      const wrong = Object.entries(errors).map(([name, error]) => {
        const from = originOf(name, env.PARLEY_SETTINGS_FROM);
        return `${from ? `${from}: ` : ''}${name}: ${error?.message}`;
      });
      if (wrong.length > 0) throw new Error(`Wrong configuration. ${wrong.join('; ')}`);
    },
  });
}

/** The file and line of a setting. bin/lib.sh reports them for settings from a file. */
const originOf = (name: string, settingsFrom = '') =>
  settingsFrom
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1);

export type Config = ReturnType<typeof loadConfig>;

/** On AWS a statement costs one write unit. Elsewhere the disk sync costs most, and a transaction needs only one. */
export function appendBatch({
  APPEND_BATCH,
  AWS_ENDPOINT_URL_DYNAMODB,
}: Pick<Config, 'APPEND_BATCH' | 'AWS_ENDPOINT_URL_DYNAMODB'>) {
  if (APPEND_BATCH === 'statements' || APPEND_BATCH === 'transactions') return APPEND_BATCH;
  return AWS_ENDPOINT_URL_DYNAMODB ? 'transactions' : 'statements';
}

/** The options of `createTable` in core. */
export const tableOptions = (config: Config) => ({
  region: config.AWS_REGION,
  endpoint: config.AWS_ENDPOINT_URL_DYNAMODB,
  name: config.DDB_MESSAGE_TABLE,
  runnerName: config.DDB_RUNNER_TABLE,
});

/** The options of `createPool` in core. */
export const databaseOptions = (config: Config) => ({
  connectionString: config.DATABASE_URL,
  iamRegion: config.DATABASE_AUTH === 'iam' ? config.AWS_REGION : undefined,
});

/** The options of `openLetterBucket` in core, on AWS. */
export const letterBucketOptions = (config: Config) => ({
  region: config.AWS_REGION,
  endpoint: config.AWS_ENDPOINT_URL_S3,
  name: config.DEAD_LETTER_BUCKET,
});
