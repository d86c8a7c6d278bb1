import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readLines } from '@parley/cli/lines';
import * as messages from '@parley/core/conversations/messages';
import { type Entry, largeGroupMembers, type Person } from '@parley/core/log/entries';
import { createLog } from '@parley/core/log/log';
import { createProjector } from '@parley/core/projections/projector';
import type { Table } from '@parley/core/table/client';
import { root } from '@parley/engines/launch';
import { consumers } from '@parley/lambdas/consumers/all';
import { withEngine } from '../engine.ts';
import { counted } from '../figures.ts';
import { makePerson, recordsOf } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { countUnits } from '../units/count-units.ts';
import { createGroup } from './fan-out.ts';

const file = join(root, '../shared/data/ubuntu-irc/train.jsonl.gz');
const perSecond = 20;

type Line = { room: string; handle: string; text: string };
type Room = { people: Map<string, Person>; lines: Line[] };

/**
 * Write units of real chat at 20 messages/s in each room. The code that runs on AWS appends and rewrites summaries.
 * Only the clock is a model: the messages of one window of the event source are projected together, and in a room
 * without a window each message is projected alone. Without --full the first windows of each room stand for the whole
 * room.
 */
export const corpus: Scenario = {
  name: 'corpus',
  about: 'write units to replay real chat, against one summary rewrite a member and message',
  async run({ isQuick, isFull, log }) {
    if (!existsSync(file)) {
      log('skipped: the corpus is not beside the checkout (../shared/data/ubuntu-irc)');
      return [];
    }
    const rooms = [...(await readRooms()).values()].slice(0, isQuick ? 1 : undefined);
    return withEngine(async (table) => {
      const units = countUnits(table);
      let [ours, original, total] = [0, 0, 0];
      for (const room of rooms) {
        const most = isFull ? room.lines.length : isQuick ? 20 : sampleOf(room);
        const lines = room.lines.slice(0, most);
        await replay(table, { ...room, lines }, () => units.reset());
        ours += (units.reset().write * room.lines.length) / lines.length;
        original += room.lines.length * (1 + 4 * room.people.size);
        total += room.lines.length;
      }
      return [
        counted(
          'corpus',
          `${total} messages in ${rooms.length} rooms`,
          original / ours,
          'times fewer write units',
          {
            target: { of: 'value', atLeast: 50 },
            also: { 'units a message': ours / total, 'of the original': original / total },
          },
        ),
      ];
    });
  },
};

const windowMs = Math.max(...consumers.map((consumer) => consumer.windowMs));
const messagesPerWindow = (windowMs / 1_000) * perSecond;
const isLarge = ({ people }: Room) => people.size > largeGroupMembers;

/** Two windows of a large room, or a few messages of a small one. The rest costs the same. */
const sampleOf = (room: Room) => (isLarge(room) ? 2 * messagesPerWindow : 5);

/** `onReady` is called when the group exists, and before its first message. */
async function replay(table: Table, room: Room, onReady: () => unknown) {
  const messageGroupUuid = await createGroup(table, [...room.people.values()]);
  const log = createLog(table, { batch: 'statements' });
  onReady();
  const projector = createProjector(table);
  const together = isLarge(room) ? messagesPerWindow : 1;
  for (let start = 0; start < room.lines.length; start += together) {
    const written: Entry[] = [];
    for (const { handle, text } of room.lines.slice(start, start + together)) {
      const sender = room.people.get(handle);
      if (sender)
        written.push(await messages.send(log, { sender, messageGroupUuid, message: text.slice(0, 1_024) }));
    }
    await projector.project(recordsOf(written));
  }
}

async function readRooms(): Promise<Map<string, Room>> {
  const rooms = new Map<string, Room>();
  for await (const read of readLines(file)) {
    if (!('text' in read)) continue;
    const line = JSON.parse(read.text) as Line;
    const room: Room = rooms.get(line.room) ?? { people: new Map(), lines: [] };
    rooms.set(line.room, room);
    if (!room.people.has(line.handle)) room.people.set(line.handle, makePerson(line.handle));
    room.lines.push(line);
  }
  return rooms;
}
