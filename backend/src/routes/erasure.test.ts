import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { check } from '@parley/core/audit/check';
import { type Key, parseKey } from '@parley/core/table/keys';
import { scanPages } from '@parley/core/table/read';
import { startS3Server } from '@parley/engines/testing/s3-server';
import { urlOf } from '../http/server.ts';
import { connect } from '../testing/live-client.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let cognito: Awaited<ReturnType<typeof createUserPoolServer>>;
let s3: Awaited<ReturnType<typeof startS3Server>>;
let api: Awaited<ReturnType<World['liveNode']>>;
let second: Awaited<ReturnType<World['liveNode']>>;
beforeAll(async () => {
  [world, cognito, s3] = await Promise.all([
    createWorld(),
    createUserPoolServer(),
    startS3Server('letters', { keepsVersions: true }),
  ]);
  const settings = {
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.url,
    COGNITO_USER_POOL_ID: 'local_pool',
    DEAD_LETTER_BUCKET: 'letters',
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  };
  [api, second] = [await world.liveNode(settings), await world.liveNode(settings)];
  world.runStream();
});
afterAll(async () => {
  await world.close();
  await Promise.all([cognito.close(), s3.close()]);
});

/** A sign-in that answers DeleteUser, ListUsers and AdminDeleteUser, and can be switched off. */
async function createUserPoolServer() {
  const state = { isAway: false, deleted: [] as string[] };
  const server = createServer(async (req, res) => {
    const operation = String(req.headers['x-amz-target']).split('.')[1];
    const body = (await json(req)) as { AccessToken?: string; Username?: string; Filter?: string };
    res.setHeader('Content-Type', 'application/x-amz-json-1.1');
    if (state.isAway) return void res.writeHead(400).end('{"__type":"NotAuthorizedException"}');
    if (operation === 'DeleteUser') state.deleted.push('own');
    if (operation === 'AdminDeleteUser') state.deleted.push(body.Username ?? '');
    const sub = /"(.+)"/.exec(body.Filter ?? '')?.[1];
    res.end(operation === 'ListUsers' ? JSON.stringify({ Users: [{ Username: sub }] }) : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: urlOf(server),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

const person = (name: string) => world.person(`${name}-${randomUUID().slice(0, 8)}`, name);
const send = async (as: TestPerson, body: object) =>
  (await api.post('/api/messages', { as, body, key: randomUUID() })).body;

/** Sweeps a minute later, like the loop of every node. */
async function aMinuteLater(node = api) {
  await world.database.pool.query(
    "update users set erased_at = erased_at - interval '61 s' where erasure_finished_at is null and erased_at is not null",
  );
  await node.ctx.erasures.sweep();
}

async function stored() {
  const items: unknown[] = [];
  for await (const page of scanPages(world.table)) items.push(...page);
  const { rows } = await world.database.pool.query('select * from users');
  return JSON.stringify([items, rows, s3.everything()]);
}

/** Stores a dead letter with every entry. */
async function storeDeadLetter() {
  const Records: unknown[] = [];
  for await (const page of scanPages(world.table))
    for (const item of page)
      if (parseKey(item as Key).item === 'entry')
        Records.push({ eventName: 'INSERT', dynamodb: { NewImage: marshall(item) } });
  s3.put(
    'aws/lambda/mapping/shard/2026/11/19/batch',
    JSON.stringify({ payload: JSON.stringify({ Records }) }),
  );
}

async function until(what: string, isSo: () => Promise<boolean>) {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await sleep(50);
  }
}

describe('erasing oneself', () => {
  it("ends every token and socket on every node, and hides the person's texts and name from everybody", async () => {
    const [zoe, ada] = [await person('Zoe Zanzibar'), await person('Ada')];
    const first = await send(zoe, { handle: ada.handle, message: 'zanzibar' });
    const path = `/api/messages/${first.message_group_uuid}`;
    const sockets = [await connect(api.url), await connect(second.url)];
    for (const socket of sockets) expect((await socket.authenticate(zoe)).success).toBe(true);
    const watcher = await connect(second.url);
    await watcher.authenticate(ada);
    expect((await second.get(path, { as: ada })).body[0]).toMatchObject({
      message: 'zanzibar',
      handle: zoe.handle,
    });

    expect(await api.delete('/api/profile', { as: zoe })).toMatchObject({ status: 200, body: {} });
    for (const node of [api, second])
      expect(await node.get('/api/profile', { as: zoe })).toMatchObject({
        status: 401,
        body: ['generic_401'],
      });
    for (const socket of sockets) expect((await socket.closed).code).toBe(4401);
    expect(cognito.state.deleted).toContain('own');

    // The other node caches the old name for a few seconds at most.
    const shown = { message: '', display_name: 'Deleted user', handle: `deleted-${zoe.uuid}`, seq: 1 };
    await until('the entry is empty', async () => {
      const [entry] = (await second.get(path, { as: ada })).body;
      return Object.entries(shown).every(([name, value]) => entry[name] === value);
    });
    const [row] = (await second.get('/api/message_groups', { as: ada })).body;
    expect(row).toMatchObject({ message: '', display_name: 'Deleted user', handle: `deleted-${zoe.uuid}` });
    expect(await watcher.event('erased', undefined, 15_000)).toEqual({
      message_group_uuid: first.message_group_uuid,
      user_uuid: zoe.uuid,
    });
    expect(await api.get(`/api/users/@${zoe.handle}/short`, { as: ada })).toMatchObject({ status: 404 });
    expect(
      await api.post('/api/messages', { as: ada, body: { handle: zoe.handle, message: '?' } }),
    ).toMatchObject({
      status: 404,
    });
    await watcher.close();
  }, 60_000);

  it('leaves a group by an entry without a tone, on every node', async () => {
    const [zoe, ada] = [await person('Zoe'), await person('Ada')];
    const group = { title: 'Zoo', handles: [zoe.handle] };
    const { body } = await api.post('/api/message_groups', { as: ada, body: group, key: randomUUID() });
    const watchers = [await connect(api.url), await connect(second.url)];
    for (const watcher of watchers) await watcher.authenticate(ada);
    await send(zoe, { message_group_uuid: body.uuid, message: 'roar' });
    for (const watcher of watchers)
      expect(await watcher.event('message.created', ({ message }) => message === 'roar')).toMatchObject({
        tone: expect.any(Number),
      });
    expect(await api.delete('/api/profile', { as: zoe })).toMatchObject({ status: 200 });
    for (const watcher of watchers) {
      const isOfZoe = ({ handle }: { handle?: unknown }) => handle === `deleted-${zoe.uuid}`;
      expect(await watcher.event('message.created', isOfZoe, 15_000)).toMatchObject({ tone: null });
      await watcher.close();
    }
  }, 30_000);

  it("requires a sign-in within the last 10 minutes, by its time or the token's", async () => {
    const zoe = await person('Zoe');
    const now = Math.floor(Date.now() / 1_000);
    const tokenOf = (claims: object) => world.issuer.token(zoe.sub, { claims: { ...claims } });
    const tooOld = { status: 403, body: ['fresh_sign_in_required'] };
    const refreshed = await tokenOf({ auth_time: now - 660 });
    const ofNoTime = await tokenOf({ auth_time: undefined, iat: now - 660 });
    for (const token of [refreshed, ofNoTime]) {
      expect(await api.delete('/api/profile', { as: { token } })).toMatchObject(tooOld);
      expect((await api.get('/api/profile', { as: { token } })).status).toBe(200);
    }
    const fresh = await tokenOf({ auth_time: now - 540 });
    expect(await api.delete('/api/profile', { as: { token: fresh } })).toMatchObject({ status: 200 });
  });

  it('cannot be done twice, because the token has ended, and the sweep of any node completes it', async () => {
    const [zoe, ada] = [await person('Zoe Zanzibar'), await person('Ada')];
    await send(zoe, { handle: ada.handle, message: 'zanzibar' });
    await storeDeadLetter();
    await api.delete('/api/profile', { as: zoe });
    expect(await api.delete('/api/profile', { as: zoe })).toMatchObject({ status: 401 });
    expect(await api.delete('/api/profile')).toMatchObject({ status: 401 });
    await aMinuteLater(second);
    const text = await stored();
    for (const secret of ['zanzibar', 'Zanzibar', zoe.handle, zoe.sub, zoe.email ?? '?'])
      expect(text).not.toContain(secret);
    await until('the summaries are drained', async () => {
      const { findings } = await check(world.table, world.database.pool, { settleMs: [200] });
      return findings.length === 0;
    });
  }, 60_000);

  it('deletes the sign-in later if the user pool is unreachable, and is not finished before', async () => {
    const zoe = await person('Zoe Zanzibar');
    cognito.state.isAway = true;
    expect((await api.delete('/api/profile', { as: zoe })).status).toBe(200);
    await aMinuteLater();
    const finished = async () => {
      const { rows } = await world.database.pool.query(
        'select erasure_finished_at from users where uuid = $1',
        [zoe.uuid],
      );
      return rows[0].erasure_finished_at !== null;
    };
    expect(await finished()).toBe(false);
    expect((await api.get('/api/profile', { as: zoe })).status).toBe(401);
    cognito.state.isAway = false;
    await aMinuteLater();
    expect(await finished()).toBe(true);
    expect(cognito.state.deleted).toContain(zoe.sub);
    // A hash of the sign-in remains, so that old tokens are still refused.
    expect(await stored()).not.toContain(zoe.sub);
    expect(await second.get('/api/profile', { as: zoe })).toMatchObject({
      status: 401,
      body: ['generic_401'],
    });
  }, 60_000);
});

describe('an export of oneself', () => {
  it('holds the profile, conversations and messages, and needs a token', async () => {
    const [ada, ben] = [await person('Ada'), await person('Ben')];
    const sent = await send(ada, { handle: ben.handle, message: 'mine' });
    await send(ben, { message_group_uuid: sent.message_group_uuid, message: 'not hers' });
    const reply = await api.get('/api/profile/export', { as: ada });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Content-Type')).toContain('application/x-ndjson');
    expect(reply.headers.get('Content-Disposition')).toContain('attachment');
    const lines = String(reply.body)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ line }) => line)).toEqual(['export', 'person', 'conversation', 'entry', 'manifest']);
    expect(lines[1]).toMatchObject({ uuid: ada.uuid, handle: ada.handle, email: ada.email });
    expect(lines[2]).toMatchObject({ kind: 'direct', with: { handle: ben.handle } });
    expect(lines[3]).toMatchObject({ message: 'mine', seq: 1, type: 'message' });
    expect(lines[4]).toMatchObject({ people: 1, conversations: 1, entries: 1 });
    expect(JSON.stringify(lines).replaceAll(ada.email ?? '', '')).not.toContain(ada.sub);
    expect(await api.get('/api/profile/export')).toMatchObject({ status: 401, body: ['generic_401'] });
  });

  it('can be requested again after the client disconnected before it began', async () => {
    const ada = await person('Ada');
    const client = await world.database.pool.connect();
    await client.query('begin; lock table users in access exclusive mode');
    const hungUp = new AbortController();
    const headers = { Authorization: `Bearer ${ada.token}` };
    const first = fetch(`${api.url}/api/profile/export`, { headers, signal: hungUp.signal });
    await until('the request is in', async () => api.ctx.overload.inFlight() > 0);
    hungUp.abort();
    await expect(first).rejects.toThrow();
    await until('its connection is closed', async () => api.ctx.overload.inFlight() === 0);
    await client.query('commit');
    client.release();
    // By now the first request was accepted, although its client has left.
    await api.get('/api/profile', { as: ada });
    await sleep(200);
    expect((await api.get('/api/profile/export', { as: ada })).status).toBe(200);
  });
});
