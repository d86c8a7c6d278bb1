import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Pool } from 'pg';
import * as messageGroups from '../../conversations/message-groups.ts';
import * as messages from '../../conversations/messages.ts';
import { conversationUuid } from '../../conversations/uuids.ts';
import * as summaries from '../../inbox/summaries.ts';
import * as entries from '../../log/entries.ts';
import { createLog } from '../../log/log.ts';
import * as users from '../../people/users.ts';
import { createProjector } from '../../projections/projector.ts';
import type { Table } from '../../table/client.ts';
import { summaryKey } from '../../table/keys.ts';
import { insertFourPeople } from '../../testing/people.ts';
import * as exporting from '../export.ts';
import type { Manifest } from '../export-format.ts';
import type { Line } from '../import-plan.ts';

/* What the suites of export and restore share: a system with conversations, and the lines of its export. */

export const linesOf = (texts: string[]) =>
  async function* (): AsyncGenerator<Line> {
    for (const [index, text] of texts.entries()) yield { number: index + 1, text };
  };

export async function readExport(lines: AsyncIterable<string> | undefined) {
  const texts: string[] = [];
  for await (const text of lines ?? []) texts.push(text);
  return { texts, manifest: JSON.parse(texts.at(-1) ?? '{}') as Manifest };
}

export const exportAll = (from: Table, pool: Pool) => readExport(exporting.everything(from, pool));

/** Another Postgres: this worker's database, emptied. */
export const emptyDatabase = (pool: Pool) => pool.query('delete from users; delete from retired_handles');

/** A system with every kind of entry, a person who came back, one who left, a read position and a setting. */
export async function converse(table: Table, pool: Pool) {
  const log = createLog(table, { batch: 'transactions' });
  const [ada, bob, eve, dan] = await insertFourPeople(pool);
  await users.insertFromSignUp(pool, {
    sub: 'a sub',
    preferredUsername: 'sue',
    email: 'sue@example.com',
  });
  await users.disable(pool, dan.uuid);
  const created = await messageGroups.create(log, { creator: ada, title: 'tea', people: [bob, eve, dan] });
  const group = created.group.message_group_uuid;
  const about = { messageGroupUuid: group, actor: ada };
  const say = (sender: users.Person, message: string) =>
    messages.send(log, { messageGroupUuid: group, sender, message, idempotencyKey: message });
  await say(bob, 'hello “you” \u2028 👩‍💻');
  await messageGroups.rename(log, { ...about, title: 'green tea' });
  await messageGroups.removeMember(log, { ...about, person: bob });
  await messageGroups.removeMember(log, { ...about, person: eve });
  await messageGroups.addMembers(log, { ...about, people: [bob] });
  await messageGroups.setRole(log, { ...about, person: dan, role: 'admin' });
  for (let index = 0; index < 230; index += 1) await say(index % 3 ? ada : dan, `message ${index}`);
  await messages.sendDirect(log, { sender: ada, recipient: bob, message: 'psst' });
  await messages.sendDirect(log, { sender: bob, recipient: ada, message: 'what?' });
  const direct = conversationUuid(ada.uuid, bob.uuid);
  for (const uuid of [group, direct]) await project(table, uuid);
  await summaries.markRead(table, { userUuid: bob.uuid, messageGroupUuid: group, seq: 100 });
  await table.doc.send(
    new UpdateCommand({
      TableName: table.name,
      Key: summaryKey(ada.uuid, group),
      UpdateExpression: 'SET muted_until = :value, tags = :tags',
      ExpressionAttributeValues: { ':value': '2030-01-01T00:00:00.000Z', ':tags': { b: [1], a: 'x' } },
    }),
  );
  return { log, group, direct, ada, bob, eve, dan };
}

/** Brings the summaries of a conversation up to its log. */
export async function project(table: Table, uuid: string) {
  const records = [];
  for await (const page of entries.pages(table, uuid, { order: 'ascending' }))
    for (const entry of page) records.push({ entry, writtenAtMs: Date.now(), sequenceNumber: '' });
  const failures = await createProjector(table).project(records);
  if (failures.size > 0) throw new Error(`${failures.size} records failed`);
}
