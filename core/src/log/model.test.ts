import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTable } from '@parley/engines/testing/test-table';
import fc from 'fast-check';
import { check } from '../audit/check.ts';
import * as messageGroups from '../conversations/message-groups.ts';
import * as messages from '../conversations/messages.ts';
import { AppError } from '../errors.ts';
import * as summaries from '../inbox/summaries.ts';
import { createProjector } from '../projections/projector.ts';
import type { Person } from './entries.ts';
import * as entries from './entries.ts';
import { createLog, type Log } from './log.ts';

/* Compares random histories of one group, on two nodes and the real engine, with a model of one page. */

type Step =
  | { do: 'send'; who: number; node: number; key: number; text: number; knows: boolean }
  | { do: 'read'; who: number; seq: number }
  | { do: 'add' | 'remove'; who: number; whom: number; node: number }
  | { do: 'rename'; who: number; title: number; node: number }
  | { do: 'project'; from: number };

const crowd = 4;
const keys = 6;

/** The model: a group without tables, nodes, batches or streams. */
function createModel() {
  const log: { type: string; who: number; key?: string; text?: string }[] = [];
  const members = new Map<number, { isAdmin: boolean; readTo: number }>();
  let title = 'title 0';

  const write = (type: string, who: number, rest: { key?: string; text?: string } = {}) =>
    log.push({ type, who, ...rest });
  const admin = (who: number) => {
    if (!members.has(who)) throw new AppError('message_group_not_found');
    if (!members.get(who)?.isAdmin) throw new AppError('generic_403');
  };
  const member = (who: number) => {
    const found = members.get(who);
    if (!found) throw new AppError('message_group_not_found');
    return found;
  };
  const unread = (readTo: number) => log.slice(readTo).filter(({ type }) => type === 'message').length;

  write('group_created', 0);
  for (const who of [0, 1, 2]) members.set(who, { isAdmin: who === 0, readTo: 1 });

  return {
    log,
    send(who: number, key: string, text: string): number {
      const sender = member(who);
      const earlier = log.findIndex((entry) => entry.who === who && entry.key === key) + 1;
      if (earlier > 0 && log[earlier - 1]?.text !== text) throw new AppError('idempotency_conflict');
      if (earlier > 0) return earlier;
      sender.readTo = write('message', who, { key, text });
      return sender.readTo;
    },
    read(who: number, seq: number): number {
      const reader = member(who);
      reader.readTo = Math.max(reader.readTo, Math.min(seq, log.length));
      return reader.readTo;
    },
    add(who: number, whom: number) {
      admin(who);
      if (!members.has(whom)) members.set(whom, { isAdmin: false, readTo: write('members_added', who) });
    },
    remove(who: number, whom: number) {
      if (who === whom) member(who);
      else admin(who);
      if (!members.delete(whom)) return;
      write('member_removed', who);
      const [heir] = members.values();
      if (!heir || [...members.values()].some(({ isAdmin }) => isAdmin)) return;
      heir.isAdmin = true;
      write('role_changed', who);
    },
    rename(who: number, next: string) {
      admin(who);
      if (title !== next) write('title_changed', who);
      title = next;
    },
    /** The inbox row of each member once everything is projected. */
    inboxes: () =>
      new Map(
        [...members].map(([who, { readTo }]) => [
          who,
          { title, last_seq: log.length, read_seq: readTo, unread: unread(readTo) },
        ]),
      ),
  };
}

let table: Awaited<ReturnType<typeof createTestTable>>;
beforeAll(async () => {
  table = await createTestTable();
});
afterAll(() => table.drop());

/** The system under test: two nodes with separate memory, and a projector that gets records from the test. */
async function createReal() {
  // Among members who joined together, the one with the least uuid becomes admin, so the model sorts them.
  const uuids = Array.from({ length: crowd }, () => randomUUID()).sort();
  const people: Person[] = uuids.map((uuid, who) => ({ uuid, handle: `p${who}`, display_name: `P${who}` }));
  const person = (who: number) => people[who] as Person;
  const nodes: Log[] = [
    createLog(table, { batch: 'transactions' }),
    createLog(table, { batch: 'statements' }),
  ];
  const node = (index: number) => nodes[index] as Log;
  const projector = createProjector(table);
  const created = await messageGroups.create(node(0), {
    creator: person(0),
    title: 'title 0',
    people: [person(1), person(2)],
  });
  const messageGroupUuid = created.group.message_group_uuid;
  const sentKnowing = new Map<string, number>();

  async function log(from = 1) {
    return (await entries.range(table, messageGroupUuid, { from, order: 'ascending' })).entries;
  }

  return {
    uuid: messageGroupUuid,
    log,
    async project(from = 1) {
      const written = await log(from);
      const records = written.map((entry) => ({
        entry,
        writtenAtMs: Date.now(),
        sequenceNumber: `${entry.seq}`,
      }));
      expect(await projector.project(records)).toEqual(new Map());
    },
    async send(step: Extract<Step, { do: 'send' }>, newest: number): Promise<number> {
      // As a client does: every retry sends the known_seq of the first attempt.
      const idempotencyKey = `key ${step.key}`;
      const name = `${step.who} ${idempotencyKey}`;
      if (!sentKnowing.has(name)) sentKnowing.set(name, newest);
      const { seq } = await messages.send(node(step.node), {
        sender: person(step.who),
        messageGroupUuid,
        message: `text ${step.text}`,
        idempotencyKey,
        knownSeq: step.knows ? sentKnowing.get(name) : undefined,
      });
      return seq;
    },
    read: (who: number, seq: number) =>
      summaries.markRead(table, { userUuid: person(who).uuid, messageGroupUuid, seq }),
    change(step: Extract<Step, { do: 'add' | 'remove' | 'rename' }>) {
      const input = { messageGroupUuid, actor: person(step.who) };
      if (step.do === 'rename')
        return messageGroups.rename(node(step.node), { ...input, title: `title ${step.title}` });
      if (step.do === 'add')
        return messageGroups.addMembers(node(step.node), { ...input, people: [person(step.whom)] });
      return messageGroups.removeMember(node(step.node), { ...input, person: person(step.whom) });
    },
    async inboxes() {
      const shown = await summaries.getMany(table, messageGroupUuid, uuids);
      return new Map(
        shown
          .map(
            (summary) =>
              [
                people.findIndex(({ uuid }) => uuid === summary.user),
                {
                  title: summary.title,
                  last_seq: summary.last_seq,
                  read_seq: summaries.readPosition(summary).seq,
                  unread: summaries.unreadCount(summary),
                },
              ] as const,
          )
          .sort(([one], [other]) => one - other),
      );
    },
  };
}

type Model = ReturnType<typeof createModel>;
type Real = Awaited<ReturnType<typeof createReal>>;

/** Expects the same answer, or the same refusal, from both sides. */
async function run(model: Model, real: Real, step: Step) {
  if (step.do === 'project') return real.project(step.from);
  const expected = outcome(() => {
    if (step.do === 'send') return model.send(step.who, `key ${step.key}`, `text ${step.text}`);
    if (step.do === 'read') return model.read(step.who, step.seq);
    if (step.do === 'rename') return model.rename(step.who, `title ${step.title}`);
    return model[step.do](step.who, step.whom);
  });
  const newest = (await real.log()).length;
  const actual = await outcomeOf(async () => {
    if (step.do === 'send') return real.send(step, newest);
    if (step.do !== 'read') return void (await real.change(step));
    await real.project();
    return (await real.read(step.who, step.seq)).read_seq;
  });
  expect({ step, ...actual }).toEqual({ step, ...expected });
}

type Outcome = { value: unknown } | { codes: string[] };

function outcome(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { codes: error.codes };
  }
}

const outcomeOf = (work: () => Promise<unknown>): Promise<Outcome> =>
  work().then(
    (value) => ({ value }),
    (error) =>
      outcome(() => {
        throw error;
      }),
  );

const who = fc.nat({ max: crowd - 1 });
const node = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      ...{ who, node, key: fc.nat({ max: keys }), text: fc.nat({ max: 1 }), knows: fc.boolean() },
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), who, seq: fc.nat({ max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), who, whom: who, node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), who, whom: who, node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('rename' as const), who, title: fc.nat({ max: 2 }), node }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('project' as const), from: fc.nat({ max: 20 }) }) },
);

test('a group behaves like the model, for any actions on any node', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
      const [model, real] = [createModel(), await createReal()];
      for (const each of steps) await run(model, real, each);
      await real.project();
      const written = await real.log();
      expect(written.map(({ type }) => type)).toEqual(model.log.map(({ type }) => type));
      expect(written.map(({ seq }) => seq)).toEqual(model.log.map((_, index) => index + 1));
      const expected = new Map([...model.inboxes()].sort(([one], [other]) => one - other));
      expect(await real.inboxes()).toEqual(expected);
    }),
    { numRuns: 40, seed: 20261121 },
  );
  expect((await check(table, undefined, { settleMs: [0] })).findings).toEqual([]);
}, 120_000);
