import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Frame, type LiveClient } from '@parley/backend/testing/live-client';
import { createWorld, type TestPerson } from '@parley/backend/testing/world';
import { isErrorCode } from '@parley/contract/errors';
import { authenticatePayload, readPayload, sendPayload, typingPayload } from '@parley/contract/frames';
import { z } from '@parley/contract/zod';
import { createRandom } from './random.ts';
import { createValues, type Schema } from './schema-values.ts';

/*
 * Sends random requests and frames, valid and invalid by the OpenAPI document and the schemas of frames. Every answer
 * must arrive in time, match its schema (the test client checks this), not be a server error, and contain nothing of a
 * conversation whose member the sender is not.
 */

export type FuzzOptions = { seed: number; requests: number; frames: number };
export type FuzzResult = {
  requests: number;
  frames: number;
  statuses: Record<string, number>;
  faults: string[];
};

type Operation = { parameters?: { name: string; in: string; schema: Schema }[]; requestBody?: RequestBody };
type RequestBody = { content: Record<string, { schema: Schema }> };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** A mark in every text of the conversation that only its members may see. */
const secret = 'for-members-only-8d1f';
const answerWithinMs = 15_000;
const inFlight = 8;
const messageMaxChars = 1_024;
/** These requests end the session of the sender or erase the sender. */
const isFinal = (method: string, path: string) =>
  path.endsWith('/sign-out') || (method === 'delete' && path.endsWith('/profile'));

/** Needs the test engines (engines/src/testing/test-engines.ts). */
export async function fuzz({ seed, requests, frames }: FuzzOptions): Promise<FuzzResult> {
  const world = await createWorld();
  const result: FuzzResult = { requests: 0, frames: 0, statuses: {}, faults: [] };
  try {
    const api = await world.liveNode({ REALTIME_FRAMES_PER_SECOND: '0' });
    const [ada, ben, eve, gone] = await Promise.all(
      ['ada', 'ben', 'eve', 'gone'].map((name) => world.person(name)),
    );
    if (!ada || !ben || !eve || !gone) throw new Error('the test people were not created');
    const body = { title: secret, handles: ['ben'] };
    const uuid: string = (await api.post('/api/message_groups', { as: ada, body })).body.uuid;
    await api.post('/api/messages', { as: ada, body: { message_group_uuid: uuid, message: secret } });
    const own = { title: 'of eve', handles: ['ben'] };
    const evesUuid: string = (await api.post('/api/message_groups', { as: eve, body: own })).body.uuid;
    const document = (await (await fetch(`${api.url}/api/openapi.json`)).json()) as Document;
    const random = createRandom(seed);
    const values = createValues({
      random,
      resolve: (ref) => document.components.schemas[ref.split('/').at(-1) ?? ''],
      known: {
        uuids: [uuid, evesUuid, ada.uuid, '00000000-0000-4000-8000-000000000000'],
        texts: ['ada', 'ben', 'eve', 'nobody', 'hello', 'message', 'admin', 'member', '20', '1'],
      },
    });
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );

    const askOnce = async () => {
      const { path, method, operation } = random.pick(operations);
      const parameters = operation.parameters ?? [];
      let address = path;
      const query = new URLSearchParams();
      for (const parameter of parameters) {
        const text = values.textFor(parameter.schema);
        if (parameter.in === 'path')
          address = address.replace(`{${parameter.name}}`, encodeURIComponent(text).replace(/^\.*$/, 'x'));
        else if (parameter.in === 'query' && random.chance(50)) query.set(parameter.name, text);
      }
      const schema = operation.requestBody?.content['application/json']?.schema;
      const as = isFinal(method, path)
        ? gone
        : random.pick([ben, eve, eve, undefined, { token: 'no.token.this' }]);
      const json = schema && !random.chance(5) ? JSON.stringify(values.valueFor(schema)) : undefined;
      const call = {
        as,
        ...(json !== undefined && { raw: random.chance(3) ? json.slice(0, -1) : json }),
        ...(random.chance(20) && { key: random.pick(['a key', 'k1', 'k2', 'x'.repeat(200)]) }),
      };
      const subject = `${method.toUpperCase()} ${address}?${query} ${json ?? ''}`;
      const answer = await inTime(api.request(method.toUpperCase(), `${address}?${query}`, call));
      result.statuses[answer.status] = (result.statuses[answer.status] ?? 0) + 1;
      if (answer.status >= 500 && !(path === '/api/ready' && answer.status === 503))
        result.faults.push(`${subject}: ${answer.status}`);
      if (as !== ben && JSON.stringify(answer.body ?? '').includes(secret))
        result.faults.push(`${subject}: a stranger receives text that is only for members`);
    };
    await many(requests, async () => {
      result.requests += 1;
      await askOnce().catch((error) => result.faults.push(String(error)));
    });

    await fuzzFrames(api.url, { eve, frames, values, random, result });
    const alive = await api.get(`/api/messages/${uuid}`, { as: ada });
    if (!alive.body.some(({ message }: { message: string }) => message === secret))
      result.faults.push('an earlier message is missing');
  } finally {
    await world.close();
  }
  return result;
}

type FrameOptions = {
  eve: TestPerson;
  frames: number;
  values: ReturnType<typeof createValues>;
  random: ReturnType<typeof createRandom>;
  result: FuzzResult;
};

const jsonSchema = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;

async function fuzzFrames(url: string, { eve, frames, values, random, result }: FrameOptions) {
  const { body, key } = sendPayload(messageMaxChars);
  const schemas: Record<string, Schema> = {
    authenticate: jsonSchema(authenticatePayload),
    'message.send': { properties: { ...jsonSchema(body).properties, ...jsonSchema(key).properties } },
    'message_group.read': jsonSchema(readPayload),
    typing: jsonSchema(typingPayload),
    ping: {},
    toString: {},
    '': {},
  };
  let client: LiveClient | undefined;
  let isClosed = true;
  const open = async () => {
    const opened = await connect(url);
    client = opened;
    isClosed = false;
    void opened.closed.then(() => {
      isClosed = true;
    });
    await opened.authenticate(eve);
    return opened;
  };
  for (let number = 0; number < frames; number += 1) {
    result.frames += 1;
    const live = isClosed || !client ? await open() : client;
    const action = random.pick(Object.keys(schemas));
    const id = `frame-${number}`;
    const junk = random.chance(2) ? random.pick(['{', '[]', 'null', '{"id":1}', '"x"']) : undefined;
    live.socket.send(junk ?? JSON.stringify({ id, action, payload: values.valueFor(schemas[action]) }));
    const isAnswer = ({ type, request_id }: Frame) =>
      type === 'response' && request_id === (junk ? null : id);
    const answer: Frame = await Promise.race([live.frame(isAnswer, answerWithinMs), live.closed]).catch(
      String,
    );
    if (typeof answer === 'string') result.faults.push(`${action}: ${answer}`);
    else if (answer.type === 'response') checkResponse(action, answer, result);
    if (JSON.stringify(live.frames).includes(secret))
      result.faults.push('a stranger receives an event with text that is only for members');
    live.frames.length = 0;
  }
  await client?.close();
}

const responseSchema = z.discriminatedUnion('success', [
  z.strictObject({
    type: z.literal('response'),
    request_id: z.string(),
    success: z.literal(true),
    data: z.unknown(),
  }),
  z.strictObject({
    type: z.literal('response'),
    request_id: z.string().nullable(),
    success: z.literal(false),
    error: z.strictObject({
      code: z.string().refine((code) => isErrorCode(code) && code !== 'generic_500'),
      message: z.string(),
      retry_after: z.number().optional(),
    }),
  }),
]);

function checkResponse(action: string, answer: Frame, { faults, statuses }: FuzzResult) {
  const name = answer.success ? 'frame done' : 'frame refused';
  statuses[name] = (statuses[name] ?? 0) + 1;
  if (!responseSchema.safeParse(answer).success) faults.push(`${action}: ${JSON.stringify(answer)}`);
}

async function many(count: number, work: () => Promise<void>) {
  let begun = 0;
  const worker = async () => {
    for (; begun < count; ) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = sleep(answerWithinMs, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${answerWithinMs} ms`);
  });
  return Promise.race([work, late]);
}
