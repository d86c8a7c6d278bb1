import { AppError } from '@parley/core/errors';
import * as connections from '@parley/core/live/connections';
import type { Node } from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';
import pLimit from 'p-limit';
import type { Logger } from '../observe/logger.ts';
import type { Connection } from './connection.ts';
import { createPlacements } from './placements.ts';

export type Sockets = ReturnType<typeof createSockets>;

export type SocketsOptions = { table: Table; node: Node; perPerson: number; logger: Logger };

const writesInFlight = 32;

/** The authenticated sockets of this node by person, and their items in the table. */
export function createSockets({ table, node, perPerson, logger }: SocketsOptions) {
  const people = new Map<string, Set<Connection>>();
  const limit = pLimit(writesInFlight);
  const has = (userUuid: string) => people.has(userUuid);
  const of = (userUuid: string): Iterable<Connection> => people.get(userUuid) ?? [];
  const placements = createPlacements({ table, node, isHere: has, limit });

  const open = (connection: Connection, userUuid: string) =>
    limit(() => connections.open(table, { connectionId: connection.id, userUuid, nodeId: node.nodeId }));

  function drop(connection: Connection, userUuid: string): boolean {
    const sockets = people.get(userUuid);
    if (!sockets?.delete(connection)) return false;
    if (sockets.size === 0) people.delete(userUuid);
    return true;
  }

  return {
    /** Resolves once deliveries reach this node, with whether this is the person's first socket here. */
    async add(connection: Connection, userUuid: string): Promise<boolean> {
      const sockets = people.get(userUuid) ?? new Set();
      if (sockets.size >= perPerson) throw new AppError('too_many_connections');
      const isFirst = sockets.size === 0;
      people.set(userUuid, sockets.add(connection));
      try {
        await Promise.all([placements.settle(userUuid), open(connection, userUuid)]);
      } catch (error) {
        drop(connection, userUuid);
        void placements.settle(userUuid).catch(() => {});
        throw error;
      }
      return isFirst;
    },

    /** Resolves to whether this was the person's last socket on this node. */
    async remove(connection: Connection, userUuid: string): Promise<boolean> {
      if (!drop(connection, userUuid)) return false;
      try {
        const close = limit(() => connections.close(table, connection.id));
        await Promise.all([placements.settle(userUuid), close]);
      } catch (err) {
        logger.debug({ err }, 'a closed socket stays in the table until its item expires');
      }
      return !has(userUuid);
    },

    has,
    of,
    people: () => people.keys(),
    *all() {
      for (const sockets of people.values()) yield* sockets;
    },
    send(userUuid: string, frame: Buffer) {
      for (const connection of of(userUuid)) connection.send(frame);
    },

    /** Writes items again that would expire or whose last write failed. */
    async renew() {
      for (const { userUuid, isExpiring } of placements.due()) {
        if (!isExpiring) await placements.settle(userUuid);
        else
          await Promise.all([
            placements.replace(userUuid),
            ...[...of(userUuid)].map((connection) => open(connection, userUuid)),
          ]);
      }
    },
  };
}
