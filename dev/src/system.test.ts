import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import getPort from 'get-port';
import { keepSystem, noteSecret, noteText } from '../../engines/src/testing/suite-log.ts';

/* The whole product like for a new user: bin/start on free ports, people who sign up, and a second API process. */

const root = new URL('../../', import.meta.url).pathname;
const dataDir = mkdtempSync(join(tmpdir(), 'parley-system-'));
let env: NodeJS.ProcessEnv;
let system: ChildProcess;
let secondApi: ChildProcess;
let printed = '';
let urls: [string, string];

beforeAll(async () => {
  const names = ['PORT', 'RUNNER_PORT', 'DYNOXIDE_PORT', 'PGLITE_PORT', 'COGNITO_PORT', 'DELIVERY_PORT'];
  const ports = await Promise.all([...names, 'SECOND', 'SECOND_DELIVERY'].map(() => getPort()));
  const ofNames = Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
  env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: dataDir,
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_REQUESTS_PER_PERSON: '0',
    LOG_LEVEL: 'debug',
    ...ofNames,
  };
  system = spawn('bin/start', { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [system.stdout, system.stderr]) {
    stream?.on('data', (chunk) => {
      printed += chunk;
    });
  }
  await eventually(() => expect(printed).toContain('Parley is ready'), 60_000);
  const [second, secondDelivery] = ports.slice(names.length).map(String);
  secondApi = spawn(process.execPath, ['--import', 'tsx', 'backend/src/main.ts'], {
    cwd: root,
    env: { ...env, ...engineEnv(), PORT: second, DELIVERY_PORT: secondDelivery, LOG_LEVEL: 'error' },
    stdio: 'ignore',
  });
  urls = [`http://127.0.0.1:${env.PORT}`, `http://127.0.0.1:${second}`];
  await eventually(async () => expect((await fetch(`${urls[1]}/api/ready`)).status).toBe(200), 30_000);
}, 120_000);

afterAll(async () => {
  secondApi?.kill();
  await ended(system);
  keepSystem(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}, 30_000);

async function ended(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

async function eventually(check: () => unknown, limitMs = 10_000) {
  const startedAtMs = performance.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() - startedAtMs > limitMs) throw new Error(`${error}\n${printed}`);
      await sleep(50);
    }
  }
}

/** The settings that bin/start writes for scripts. */
const engineEnv = () =>
  Object.fromEntries(
    [...readFileSync(join(dataDir, 'env'), 'utf8').matchAll(/^(?:export )?(\w+)=(.*)$/gm)].map(
      ([, name, value]) => [name, value?.replace(/^'(.*)'$/, '$1')],
    ),
  );

async function cognito(operation: string, body: Record<string, unknown>) {
  const answer = await fetch(String(engineEnv().AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify({ ClientId: engineEnv().COGNITO_USER_POOL_CLIENT_ID, ...body }),
  });
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`);
  return (await answer.json()) as { AuthenticationResult?: { AccessToken: string; RefreshToken: string } };
}

async function signIn(email: string, password: string) {
  const parameters = { USERNAME: email, PASSWORD: password };
  noteSecret(password);
  const { AuthenticationResult } = await cognito('InitiateAuth', {
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters: parameters,
  });
  noteSecret(AuthenticationResult?.RefreshToken);
  return String(AuthenticationResult?.AccessToken);
}

async function signUp(handle: string) {
  const [email, password] = [`${handle}@example.org`, 'Sesame-2026-x'];
  const attributes = { preferred_username: handle, name: handle.toUpperCase(), email };
  await cognito('SignUp', {
    Username: email,
    Password: password,
    UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
  });
  await cognito('ConfirmSignUp', { Username: email, ConfirmationCode: '123456' });
  return signIn(email, password);
}

type Row = Record<string, unknown> & { uuid: string; seq: number; message_group_uuid: string };

async function call<T = Row>(token: string, path: string, options: CallOptions = {}, tries = 10): Promise<T> {
  const { node = 0, body, key, method } = options;
  noteText(body?.message);
  const answer = await fetch(`${urls[node]}${path}`, {
    method: method ?? (body ? 'POST' : 'GET'),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key && { 'idempotency-key': key }),
    },
    body: body && JSON.stringify(body),
  });
  // Retries like a client on a busy machine, with the same key, or a request without effect.
  if (answer.status === 503 && tries > 1 && (key || !body)) {
    await sleep(Number(answer.headers.get('retry-after')) * 1_000);
    return call(token, path, options, tries - 1);
  }
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
type CallOptions = { node?: 0 | 1; body?: Record<string, unknown>; key?: string; method?: string };

const run = promisify(execFile);
const check = () => run('bin/check', { cwd: root, env });

test('the demo people have a conversation of 100 messages, and a group of twelve', async () => {
  expect(printed).toContain('123456');
  const token = await signIn('maya@example.com', 'Parley-demo-1');
  const inbox = await call<Row[]>(token, '/api/message_groups');
  expect(inbox).toHaveLength(8);
  const [direct] = inbox;
  expect(direct).toMatchObject({ kind: 'direct', display_name: 'Tomas Okafor', last_seq: 100 });
  const garden = inbox.find(({ display_name }) => display_name === 'Corner garden');
  const { members } = await call<{ members: Row[] }>(token, `/api/message_groups/${garden?.uuid}`);
  expect(members).toHaveLength(12);
});

test('two people sign up, write to each other, and both inboxes are right', async () => {
  const [nadia, omar] = await Promise.all([signUp('nadia'), signUp('omar')]);
  const first = await call(nadia, '/api/messages', { body: { handle: 'omar', message: 'hello' } });
  await call(omar, '/api/messages', { body: { handle: 'nadia', message: 'hi there' }, node: 1 });
  await eventually(async () => {
    const [ofNadia, ofOmar] = await Promise.all(
      [nadia, omar].map((token) => call<Row[]>(token, '/api/message_groups')),
    );
    expect(ofNadia).toMatchObject([
      { display_name: 'OMAR', message: 'hi there', last_seq: 2, unread_count: 1 },
    ]);
    expect(ofOmar).toMatchObject([
      { display_name: 'NADIA', message: 'hi there', last_seq: 2, unread_count: 0 },
    ]);
  });
  const uuid = first.message_group_uuid;
  const history = await call<Row[]>(omar, `/api/messages/${uuid}`, { node: 1 });
  expect(history.map(({ message }) => message)).toEqual(['hello', 'hi there']);
  const read = await call(nadia, `/api/message_groups/${uuid}/read`, { body: { seq: 2 }, method: 'PUT' });
  expect(read).toEqual({ read_seq: 2, unread_count: 0 });
});

test('a name changed on one process shows on the other within 5 s', async () => {
  const token = await signIn('tomas@example.com', 'Parley-demo-1');
  const maya = await signIn('maya@example.com', 'Parley-demo-1');
  await call(maya, '/api/message_groups', { node: 1 });
  await call(token, '/api/profile/update', {
    body: { display_name: 'Tom the Gardener', bio: '' },
    method: 'PUT',
  });
  const changedAtMs = performance.now();
  await eventually(async () => {
    const inbox = await call<Row[]>(maya, '/api/message_groups', { node: 1 });
    expect(inbox.map(({ display_name }) => display_name)).toContain('Tom the Gardener');
  });
  expect(performance.now() - changedAtMs).toBeLessThan(5_000);
});

test('200 senders in 50 conversations on two processes lose and duplicate nothing, and retries get their entry', async () => {
  const people = await Promise.all(
    ['maya', 'tomas', 'ines', 'raj'].map((name) => signIn(`${name}@example.com`, 'Parley-demo-1')),
  );
  const [maya] = people;
  if (!maya) throw new Error('no token');
  const groups = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      call(maya, '/api/message_groups', {
        body: { title: `load ${index}`, handles: ['tomas', 'ines', 'raj'] },
        key: `load-${index}`,
      }),
    ),
  );
  const sends = Array.from({ length: 200 }, (_, index) => {
    const group = groups[index % 50]?.message_group_uuid ?? '';
    const token = people[Math.floor(index / 50)] ?? '';
    return Array.from({ length: 3 }, (_, turn) => {
      const body = { message_group_uuid: group, message: `${index}/${turn}`, known_seq: 1 };
      return {
        token,
        body,
        key: createHash('md5').update(`${index}/${turn}`).digest('hex'),
        node: index % 2,
      };
    });
  });
  const acknowledged = await Promise.all(
    sends.map(async (ofSender) => {
      const entries: Row[] = [];
      for (const { token, body, key, node } of ofSender) {
        entries.push(await call(token, '/api/messages', { body, key, node: node as 0 | 1 }));
      }
      return entries;
    }),
  );
  // 240 more in the first conversation, so that its first entries are beyond every window.
  for (let round = 0; round < 12; round += 1) {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        call(maya, '/api/messages', {
          body: { message_group_uuid: groups[0]?.message_group_uuid, message: 'fill' },
        }),
      ),
    );
  }
  const retries = await Promise.all(
    sends.flatMap((ofSender) =>
      ofSender.map(({ token, body, key, node }) =>
        call(token, '/api/messages', { body, key, node: node === 0 ? 1 : 0 }),
      ),
    ),
  );
  expect(retries).toEqual(acknowledged.flat());
  for (const [index, group] of groups.entries()) {
    const history: Row[] = [];
    for (let after = 0; ; after = history.length) {
      const page = await call<Row[]>(
        maya,
        `/api/messages/${group.message_group_uuid}?limit=100&after_seq=${after}`,
      );
      history.push(...page);
      if (page.length < 100) break;
    }
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, position) => position + 1));
    const expected = acknowledged
      .flat()
      .filter((entry) => entry.message_group_uuid === group.message_group_uuid);
    for (const entry of expected) expect(history[entry.seq - 1]).toEqual(entry);
    expect(history).toHaveLength(1 + expected.length + (index === 0 ? 240 : 0));
  }
}, 120_000);

const curlBlock = (file: string) =>
  /```sh\n(API=.*?)```/s.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? 'no block';

test('the README requests give the documented answers', async () => {
  const block = curlBlock('README.md');
  const script = `set -e\n${block.replace('http://127.0.0.1:4567', urls[0])}`;
  const turns = [
    await run('bash', ['-c', script], { cwd: root, env }),
    await run('bash', ['-c', script], { cwd: root, env }),
  ];
  const [[inbox, entry, person], [, repeated]] = turns.map(({ stdout }) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ) as [[Row[], Row, Row], [Row[], Row, Row]];
  expect(inbox.map(({ kind }) => kind)).toContain('group');
  expect(entry).toMatchObject({ message: 'hello', handle: 'maya' });
  expect(repeated).toEqual(entry);
  expect(person.handle).toBe('tomas');
  expect(turns.map(({ stderr }) => stderr)).toEqual(['', '']);
}, 60_000);

test('bin/sign-in prints one line if it gets no token', async () => {
  const signInBy = (...args: string[]) =>
    run('bin/sign-in', args, { cwd: root, env }).catch((error) => error);
  const wrong = 'The e-mail address or the password is wrong.\n';
  expect(await signInBy('maya@example.com', 'Wrong-horse-1')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: wrong,
  });
  expect(await signInBy('nobody@example.com', 'Wrong-horse-1')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: wrong,
  });
  const elsewhere = await signInBy('maya@example.com', 'x', '--base', `${urls[0]}/nonsense`);
  expect(elsewhere).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/answers 404\. Is Parley running there\?\n$/),
  });
  // fetch refuses this port.
  expect(await signInBy('maya@example.com', 'x', '--base', 'http://127.0.0.1:6666')).toMatchObject({
    code: 2,
    stderr: 'http://127.0.0.1:6666/api/client-config does not answer.\n',
  });
}, 60_000);

test('bin/conformance finds nothing on it: exit code 0', async () => {
  const { stdout } = await run('bin/conformance', ['--base', urls[0], '--sign-up', '123456'], {
    cwd: root,
    env,
  });
  expect(stdout).toMatch(/^\d{2} passed, 0 failed$/m);
  expect(stdout).not.toContain('not ok');
  // The people who were signed up for it are removed again.
  const token = await signIn('maya@example.com', 'Parley-demo-1');
  expect(await call<Row[]>(token, '/api/users?search=conformance')).toEqual([]);
}, 60_000);

test('bin/conformance reports why it cannot begin: exit code 2', async () => {
  const given: [arguments: string[], complaint: string][] = [
    [['--base', urls[0], '--token', 'a', '--token', 'b', '--token', 'c'], 'a token is refused: 401'],
    [['--base', urls[0], '--sign-up', '000000'], 'ConfirmSignUp'],
    [['--base', urls[0], '--tokens', 'a'], "Unknown option '--tokens'"],
    [['--sign-up', '123456'], 'usage: bin/conformance'],
    [['--base', 'http://127.0.0.1:1', '--sign-up', '123456'], 'http://127.0.0.1:1/api/client-config: '],
    [['--base', `${urls[0]}/nonsense`, '--sign-up', '123456'], 'answers 404. Is Parley running there?'],
  ];
  for (const [args, complaint] of given) {
    const ended = await run('bin/conformance', args, { cwd: root, env }).catch((error) => error);
    expect([args, ended.code, ended.stderr]).toEqual([args, 2, expect.stringContaining(complaint)]);
    expect(ended.stdout).toBe('');
  }
}, 60_000);

test('bin/check passes on the running system', async () => {
  const { stdout } = await check();
  expect(stdout).toContain('7');
}, 60_000);

test('SIGTERM stops everything and leaves no process behind', async () => {
  secondApi.kill();
  await ended(system);
  expect(system.exitCode).toBe(0);
  const { stdout } = await run('ps', ['-eo', 'pid,args']);
  expect(stdout.split('\n').filter((line) => line.includes(dataDir))).toEqual([]);
}, 30_000);
