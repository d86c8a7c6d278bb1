import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../api/errors.ts';
import type { Api } from '../api/requests.ts';
import type { LiveEvent } from '../live/events.ts';
import { createMemoryStorage } from '../storage.ts';
import { createModelServer, me } from '../testing/model-server.ts';
import { createChat } from './chat.ts';
import { firstSeq, isAtEnd } from './history.ts';
import { sorted } from './inbox.ts';

/*
 * State from events equals state from a fresh fetch, whatever happens on the server and in the client, in whatever
 * order requests are served, answers arrive and events are delivered, duplicated, skipped or cut off.
 */

const people = ['ana', 'ben', 'cleo'];
const uuids = ['g1', 'g2'];

const person = fc.constantFrom(me, ...people);
const uuid = fc.constantFrom(...uuids);
const index = fc.nat(20);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('post' as const), uuid, person, index) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom('read', 'add', 'remove', 'promote', 'rename', 'mute', 'hide', 'erase' as const),
      uuid,
      person,
      index,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constantFrom('open', 'send', 'see', 'older', 'settings' as const),
      uuid,
      person,
      index,
    ),
  },
  {
    weight: 14,
    arbitrary: fc.tuple(fc.constantFrom('serve', 'answer', 'deliver' as const), uuid, person, index),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('duplicate', 'skip', 'cut', 'reconnect', 'fail' as const),
      uuid,
      person,
      index,
    ),
  },
);
type Step = [kind: string, uuid: string, person: string, index: number];

type Request = { run(): unknown; resolve(value: unknown): void; reject(error: unknown): void };

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A client and a server, with all requests, answers and events in transit between them. */
function createWorld() {
  let events: LiveEvent[] = [];
  let isOnline = true;
  let needsResync = false;
  const requests: Request[] = [];
  const answers: (() => void)[] = [];
  const server = createModelServer((event) => {
    if (isOnline) events.push(structuredClone(event));
  });
  const api = Object.fromEntries(
    Object.entries(server.answers).map(([name, answer]) => [
      name,
      (...input: unknown[]) =>
        new Promise((resolve, reject) => {
          const run = () => structuredClone((answer as (...input: unknown[]) => unknown)(...input));
          requests.push({ run, resolve, reject });
        }),
    ]),
  ) as unknown as Api;
  const chat = createChat({
    api,
    me: { uuid: me, handle: me, display_name: 'ME', tone: 1, bio: '' },
    storage: createMemoryStorage(),
    sendFrame: () => {},
    schedule: (notify) => queueMicrotask(notify),
  });

  const pick = <T>(list: T[], at: number): T | undefined => list.splice(at % Math.max(1, list.length), 1)[0];

  function serve(at: number) {
    const request = pick(requests, at);
    if (!request) return;
    try {
      const value = request.run();
      answers.push(() => request.resolve(value));
    } catch (error) {
      answers.push(() => request.reject(error));
    }
  }

  /** Changes of members stay in order, because one log orders them. */
  function takeEvent(at: number) {
    const chosen = events[at % Math.max(1, events.length)];
    const first =
      chosen?.event === 'membership' ? events.find(({ event }) => event === 'membership') : chosen;
    events = events.filter((event) => event !== first);
    return first;
  }

  const conversation = (uuid: string) => server.conversations.get(uuid);
  const others = (person: string) => (person === me ? 'ben' : person);
  const { changes } = server;

  const steps: Record<string, (step: Step) => void> = {
    post: ([, uuid, person]) => withMember(uuid, person, (found) => changes.post(found, person)),
    read: ([, uuid, person, at]) => withMember(uuid, person, (found) => changes.read(found, person, at)),
    add: ([, uuid, person]) => withFound(uuid, (found) => changes.add(found, person)),
    remove: ([, uuid, person]) => withFound(uuid, (found) => changes.remove(found, person)),
    promote: ([, uuid, person]) => withFound(uuid, (found) => changes.promote(found, person)),
    rename: ([, uuid]) => withFound(uuid, changes.rename),
    mute: ([, uuid, , at]) =>
      withMember(uuid, me, (found) => changes.settings(found, { muted: at % 2 === 0 })),
    hide: ([, uuid, , at]) =>
      withMember(uuid, me, (found) => changes.settings(found, { hidden: at % 2 === 0 })),
    // An erasure missed during a disconnect shows only after the next fetch (docs/realtime.md).
    erase: ([, , person]) => isOnline && changes.erase(others(person)),
    open: ([, uuid]) => void chat.open(uuid),
    send: ([, uuid, , at]) => void chat.send(uuid, `sent ${at}`),
    see: ([, uuid, , at]) => chat.markSeen(uuid, Math.min(at, conversation(uuid)?.log.length ?? 0)),
    older: ([, uuid]) => void chat.loadOlder(uuid),
    settings: ([, uuid, , at]) => void chat.changeSettings(uuid, { muted: at % 2 === 0 }).catch(() => {}),
    serve: ([, , , at]) => serve(at),
    answer: ([, , , at]) => pick(answers, at)?.(),
    deliver([, , , at]) {
      const event = takeEvent(at);
      if (event) chat.applyEvent(event);
    },
    duplicate([, , , at]) {
      const event = events[at % Math.max(1, events.length)];
      if (event && event.event !== 'membership') chat.applyEvent(structuredClone(event));
    },
    skip([, , , at]) {
      const skipped = takeEvent(at);
      if (skipped?.event === 'erased') chat.applyEvent(skipped);
      else if (skipped) needsResync = true;
    },
    cut() {
      for (const event of events) if (event.event === 'erased') chat.applyEvent(event);
      events = [];
      isOnline = false;
      chat.setLive('waiting');
    },
    reconnect() {
      if (isOnline) return;
      isOnline = true;
      chat.setLive('online');
    },
    // What a failed read would have brought comes with the next resync.
    fail([, , , at]) {
      const failed = pick(requests, at);
      failed?.reject(new ApiError(0, ['no_answer']));
      needsResync ||= failed !== undefined;
    },
  };

  function withFound(uuid: string, change: (found: NonNullable<ReturnType<typeof conversation>>) => void) {
    const found = conversation(uuid);
    if (found) change(found);
  }
  function withMember(uuid: string, person: string, change: Parameters<typeof withFound>[1]) {
    withFound(uuid, (found) => found.members.has(person) && change(found));
  }

  /** Serves, answers and delivers everything in transit, and lets the client's timers run. */
  async function settle() {
    steps.reconnect?.(['reconnect', '', '', 0]);
    if (needsResync) events.push({ event: 'resync', data: {} });
    for (let quiet = 0; quiet < 8; ) {
      const isBusy = requests.length + answers.length + events.length > 0;
      serve(0);
      answers.shift()?.();
      const event = takeEvent(0);
      if (event) chat.applyEvent(event);
      await turn();
      if (isBusy) quiet = 0;
      else {
        quiet += 1;
        jest.advanceTimersByTime(5_000);
        await turn();
      }
    }
  }

  return { server, chat, settle, run: (step: Step) => steps[step[0]]?.(step) };
}

async function play(steps: Step[]) {
  const { server, chat, settle, run } = createWorld();
  for (const uuid of uuids) server.changes.create(uuid, ['ana', 'ben', me]);
  chat.setLive('online');
  for (const step of steps) {
    run(step);
    await turn();
  }
  await settle();
  const byUuid = (a: { uuid: string }, b: { uuid: string }) => a.uuid.localeCompare(b.uuid);
  const known = (isHidden: boolean) => sorted(chat.inbox(), isHidden).sort(byUuid);
  expect(known(false)).toEqual(server.answers.inbox().rows.sort(byUuid));
  // The list leaves hidden rows out, so they are current once their own list is read.
  void chat.readHidden();
  await settle();
  expect(known(false)).toEqual(server.answers.inbox().rows.sort(byUuid));
  expect(known(true)).toEqual(server.answers.hidden().rows.sort(byUuid));
  for (const uuid of uuids) {
    const loaded = chat.conversation(uuid);
    if (!loaded || loaded.status === 'failed') continue;
    const isMember = server.conversations.get(uuid)?.members.has(me);
    expect([uuid, loaded.status]).toEqual([uuid, isMember ? 'ready' : 'missing']);
    if (!isMember) continue;
    const { group, history } = loaded;
    expect(group?.members).toEqual(server.answers.group(uuid).members);
    expect(group?.title).toBe(server.answers.group(uuid).title);
    expect(isAtEnd(history)).toBe(true);
    const after = firstSeq(history) - 1;
    expect(history.entries).toEqual(server.answers.entries(uuid, { after, limit: 1_000 }));
  }
  chat.close();
}

/** Sequences with which this property found faults. */
const found: Step[][] = [
  // The read position of an author follows the own message.
  [
    ['open', 'g1', me, 0],
    ['send', 'g1', me, 0],
  ],
  // An answer from before an erasure does not bring the name back.
  [
    ['open', 'g1', me, 0],
    ['serve', 'g1', me, 7],
    ['erase', 'g1', me, 0],
  ],
  // Nor does it while the entries are read.
  [
    ['cut', 'g1', me, 0],
    ['open', 'g1', me, 0],
    ['fail', 'g1', me, 7],
    ['serve', 'g1', me, 0],
    ['reconnect', 'g1', me, 0],
    ['serve', 'g1', me, 1],
    ['hide', 'g1', me, 0],
    ['erase', 'g1', me, 0],
    ['answer', 'g1', me, 0],
  ],
  // A refusal from before the own addition does not close the conversation.
  [
    ['remove', 'g1', me, 0],
    ['open', 'g1', me, 0],
    ['serve', 'g1', me, 1],
    ['cut', 'g1', me, 0],
    ['add', 'g1', me, 0],
  ],
  // Nor does an answer from before a new title keep the old one.
  [
    ['open', 'g1', me, 0],
    ['serve', 'g1', me, 0],
    ['rename', 'g1', me, 0],
  ],
  // A conversation that was loading during a disconnect reads its group again.
  [
    ['open', 'g2', me, 0],
    ['cut', 'g1', me, 0],
    ['serve', 'g1', me, 1],
    ['post', 'g2', me, 0],
  ],
];

test('state from events equals state from a fresh fetch', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array<Step>(step, { maxLength: 60, size: 'max' }), (steps) => play(steps)),
    { numRuns: Number(process.env.MODEL_RUNS ?? 500), examples: found.map((steps) => [steps]) },
  );
}, 120_000);
