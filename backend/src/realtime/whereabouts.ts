import * as connections from '@parley/core/live/connections';
import type { DeliveryClient } from '@parley/core/live/delivery';
import type * as nodes from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';

export type Whereabouts = ReturnType<typeof createWhereabouts>;

export type WhereaboutsOptions = {
  table: Table;
  nodeId: string;
  directory: nodes.Directory;
  client: DeliveryClient;
  /** Called for each person that another node reports as online. */
  onFound: (nodeId: string, userUuid: string) => void;
};

/** Asks the other nodes and the table who is online on other nodes. */
export function createWhereabouts({ table, nodeId, directory, client, onFound }: WhereaboutsOptions) {
  const others = async () => (await directory.list()).filter((node) => node.nodeId !== nodeId);
  return {
    /** The people of this list who are online on other nodes. A node that does not answer counts as empty. */
    async onlineElsewhere(userUuids: string[]): Promise<string[]> {
      const answers = await Promise.all(
        (await others()).map(async (node) => {
          const found = await client.online(node, userUuids).catch(() => []);
          for (const userUuid of found) onFound(node.nodeId, userUuid);
          return found;
        }),
      );
      return answers.flat();
    },

    /** Whether the table lists this person on another live node. */
    async isElsewhere(userUuid: string): Promise<boolean> {
      const [places, alive] = await Promise.all([connections.places(table, userUuid), others()]);
      const ids = new Set(alive.map((node) => node.nodeId));
      return places.some((place) => ids.has(place.nodeId));
    },
  };
}
