import { appendBatch, type Config } from '@parley/config/config';
import { createDeliveryClient } from '@parley/core/live/delivery';
import { createPush } from '@parley/core/live/push';
import { createRosters } from '@parley/core/log/rosters';
import { createProjector } from '@parley/core/projections/projector';
import type { Table } from '@parley/core/table/client';
import { createHandlers } from '../consumers/all.ts';
import type { Lines } from '../lines.ts';

/** Creates the handlers of all consumers and the parts that they share. Throws without DELIVERY_SECRETS. */
export function createMessageStream(config: Config, table: Table, logger: Lines) {
  if (config.DELIVERY_SECRETS.length === 0) throw new Error('DELIVERY_SECRETS is not set');
  const client = createDeliveryClient({ table, secrets: config.DELIVERY_SECRETS });
  const rosters = createRosters(table);
  const projector = createProjector(table, rosters, appendBatch(config));
  const onMissed = (nodeId: string, err: unknown) => logger.warn({ nodeId, err }, 'a node missed a delivery');
  const push = createPush({ table, rosters, client, onMissed });
  return { handlers: createHandlers({ projector, push, logger }), close: client.close };
}
