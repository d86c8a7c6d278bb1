import * as connections from '@parley/core/live/connections';
import type { Node } from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';

export type PlacementsOptions = {
  table: Table;
  node: Node;
  isHere: (userUuid: string) => boolean;
  /** Bounds the writes in flight. */
  limit: <T>(write: () => Promise<T>) => Promise<T>;
};

type Placement = {
  /** Whether the table lists the person on this node, and when that was written. */
  isPlaced: boolean;
  placedAtMs: number;
  /** Writes about a person run one after the other. Each writes the state at the time it runs. */
  turn: Promise<void>;
};

/** Keeps the table's list of the people on this node equal to its sockets. */
export function createPlacements({ table, node, isHere, limit }: PlacementsOptions) {
  const placements = new Map<string, Placement>();

  async function write(userUuid: string, placement: Placement) {
    if (isHere(userUuid) === placement.isPlaced) return;
    if (placement.isPlaced) await limit(() => connections.depart(table, userUuid, node.nodeId));
    else await limit(() => connections.arrive(table, userUuid, node));
    placement.isPlaced = !placement.isPlaced;
    placement.placedAtMs = table.clock.now();
  }

  /** Resolves when the table matches the sockets. After a failure the next heartbeat tries again. */
  function settle(userUuid: string): Promise<void> {
    const placement = placements.get(userUuid) ?? {
      isPlaced: false,
      placedAtMs: 0,
      turn: Promise.resolve(),
    };
    placements.set(userUuid, placement);
    const turn = placement.turn
      .catch(() => {})
      .then(async () => {
        await write(userUuid, placement);
        const isLast = placement.turn === turn;
        if (isLast && !placement.isPlaced && !isHere(userUuid)) placements.delete(userUuid);
      });
    placement.turn = turn;
    turn.catch(() => {}); // Reported to whoever awaits it.
    return turn;
  }

  return {
    settle,
    /** Writes a person's record again, because it would expire. */
    replace(userUuid: string): Promise<void> {
      const placement = placements.get(userUuid);
      if (placement) placement.isPlaced = false;
      return settle(userUuid);
    },
    /** People whose record is about to expire, or whose last write failed. */
    *due() {
      for (const [userUuid, { isPlaced, placedAtMs }] of placements) {
        const isOld = table.clock.now() - placedAtMs > connections.renewAfterMs;
        if (isHere(userUuid) && isPlaced && isOld) yield { userUuid, isExpiring: true };
        else if (isHere(userUuid) !== isPlaced) yield { userUuid, isExpiring: false };
      }
    },
  };
}
