import { AppError } from '@parley/core/errors';
import * as connections from '@parley/core/live/connections';
import type { Node } from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';
import pLimit from 'p-limit';
import type { Logger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';

export type Sockets = ReturnType<typeof createSockets>;

export type SocketsOptions = { table: Table; node: Node; perPerson: number; logger: Logger };

type Person = {
  sockets: Set<Connection>;
  /** Whether the table says that the person is here, and since when. */
  isPlaced: boolean;
  placedAtMs: number;
  /** Writes about a person come one after the other, each with what is right by then. */
  turn: Promise<void>;
};

const writesInFlight = 32;

/** The sockets of this node that have authenticated, by person, and what the table says of them. */
export function createSockets({ table, node, perPerson, logger }: SocketsOptions) {
  const people = new Map<string, Person>();
  const limit = pLimit(writesInFlight);

  function settle(userUuid: string, person: Person): Promise<void> {
    const place = async () => {
      const isHere = person.sockets.size > 0;
      if (isHere !== person.isPlaced) {
        if (isHere) await limit(() => connections.arrive(table, userUuid, node));
        else await limit(() => connections.depart(table, userUuid, node.nodeId));
        person.isPlaced = isHere;
        person.placedAtMs = table.clock.now();
      }
      if (!person.isPlaced && person.sockets.size === 0) people.delete(userUuid);
    };
    person.turn = person.turn.catch(() => {}).then(place);
    person.turn.catch(() => {}); // Whoever waits for it is told; the next heartbeat tries again.
    return person.turn;
  }

  const itemOf = (connection: Connection, userUuid: string) => ({
    connectionId: connection.id,
    userUuid,
    nodeId: node.nodeId,
  });

  /** Writes again what would expire while its socket lives. */
  async function extend(userUuid: string, person: Person) {
    person.isPlaced = false;
    const opened = [...person.sockets].map((each) =>
      limit(() => connections.open(table, itemOf(each, userUuid))),
    );
    await Promise.all([settle(userUuid, person), ...opened]);
  }

  return {
    /** Resolves when deliveries come here. Answers whether it is the person's first socket on this node. */
    async add(connection: Connection, userUuid: string): Promise<boolean> {
      const person = people.get(userUuid) ?? {
        sockets: new Set(),
        isPlaced: false,
        placedAtMs: 0,
        turn: Promise.resolve(),
      };
      if (person.sockets.size >= perPerson) throw new AppError('too_many_connections');
      people.set(userUuid, person);
      const isFirst = person.sockets.size === 0;
      person.sockets.add(connection);
      const item = itemOf(connection, userUuid);
      try {
        await Promise.all([settle(userUuid, person), limit(() => connections.open(table, item))]);
      } catch (error) {
        person.sockets.delete(connection);
        void settle(userUuid, person).catch(() => {});
        throw error;
      }
      return isFirst;
    },

    /** Answers whether it was the person's last socket on this node. */
    async remove(connection: Connection, userUuid: string): Promise<boolean> {
      const person = people.get(userUuid);
      if (!person?.sockets.delete(connection)) return false;
      try {
        await Promise.all([settle(userUuid, person), limit(() => connections.close(table, connection.id))]);
      } catch (err) {
        logger.debug({ err }, 'a socket that is gone stays in the table until its time is over');
      }
      return person.sockets.size === 0;
    },

    has: (userUuid: string) => (people.get(userUuid)?.sockets.size ?? 0) > 0,
    of: (userUuid: string): Iterable<Connection> => people.get(userUuid)?.sockets ?? [],
    /** Everybody who is here. */
    *people() {
      for (const [userUuid, { sockets }] of people) if (sockets.size > 0) yield userUuid;
    },
    *all() {
      for (const { sockets } of people.values()) yield* sockets;
    },
    send(userUuid: string, frame: Buffer) {
      for (const connection of people.get(userUuid)?.sockets ?? []) connection.send(frame);
    },

    /** Writes again what would expire, or failed. */
    async renew() {
      for (const [userUuid, person] of people) {
        const isHere = person.sockets.size > 0;
        const isOld = table.clock.now() - person.placedAtMs > connections.renewAfterMs;
        if (isHere && person.isPlaced && isOld) await extend(userUuid, person);
        else if (isHere !== person.isPlaced) await settle(userUuid, person);
      }
    },
  };
}
