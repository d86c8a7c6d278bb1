import pLimit from 'p-limit';
import { type ImportedMessage, identityOf, type RoomPlan } from './import-plan.ts';
import { messagesPerTransaction, type Room } from './import-room.ts';

/** The number of rooms that are written at the same time. */
const roomsInFlight = 3;
/**
 * The most waiting transactions. Enough to write several rooms at a time, even if they follow each other in the file.
 */
const maxWaiting = 64;
/** The most messages that wait for their rooms' transactions to fill. */
const maxHeld = 20_000;

export type QueuedRoom = { plan: RoomPlan; room: Room; line: number; isFinished: boolean };

export type QueueOptions = {
  rooms: Map<string, QueuedRoom>;
  /** Called with the number of messages that were written, or that an earlier run had written. */
  onDone: (messages: number, wereInBefore: boolean) => void;
  signal?: AbortSignal | undefined;
};

/** Combines messages into transactions. Writes the messages of a room in order, and several rooms at a time. */
export function createQueue({ rooms, onDone, signal }: QueueOptions) {
  const limit = pLimit(roomsInFlight);
  const held = new Map<string, ImportedMessage[]>();
  const writing = new Map<string, Promise<void>>();
  const waiting = new Set<Promise<void>>();
  let heldMessages = 0;
  let failure: { error: unknown } | undefined;

  const isStopping = () => failure !== undefined || signal?.aborted === true;

  /** Adds a message. Resolves when there is room for the next one. */
  async function add(message: ImportedMessage) {
    const queued = rooms.get(message.room);
    if (!queued?.plan.people.has(identityOf(message.handle))) return;
    const { plan, line, isFinished } = queued;
    if (message.line <= line) onDone(1, true);
    else hold(message);
    const isLast = message.line === plan.lastLine;
    if ((isLast && !isFinished) || held.get(message.room)?.length === messagesPerTransaction)
      write(message.room, queued, isLast);
    if (heldMessages >= maxHeld)
      for (const name of [...held.keys()]) write(name, rooms.get(name) ?? queued, false);
    while (waiting.size >= maxWaiting) await Promise.race(waiting);
  }

  function hold(message: ImportedMessage) {
    const messages = held.get(message.room);
    if (messages) messages.push(message);
    else held.set(message.room, [message]);
    heldMessages += 1;
  }

  function write(name: string, { room }: QueuedRoom, isLast: boolean) {
    const messages = held.get(name) ?? [];
    held.delete(name);
    heldMessages -= messages.length;
    const task = async () => {
      if (isStopping()) return;
      await room.append(messages);
      onDone(messages.length, false);
      if (isLast) await room.finish();
    };
    const earlier = writing.get(name) ?? Promise.resolve();
    const written = earlier
      .then(() => limit(task))
      .catch((error) => {
        failure ??= { error };
      })
      .finally(() => {
        waiting.delete(written);
        if (writing.get(name) === written) writing.delete(name);
        if (isLast) rooms.delete(name);
      });
    waiting.add(written);
    writing.set(name, written);
  }

  return {
    add,
    isStopping,
    /** Resolves after the last transaction. Rejects with the first failure. */
    async end() {
      await Promise.all(waiting);
      if (failure) throw failure.error;
    },
  };
}
