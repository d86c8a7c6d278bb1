import type { Table } from '@parley/core/table/client';
import { counted } from './print.ts';

type Consumed = { CapacityUnits?: number; TableName?: string };

/** Asks every request of this table for what it consumes, and adds it up. */
export function measureCapacity({ doc }: Table) {
  const consumed = { requests: 0, units: 0 };
  doc.middlewareStack.add(
    (next) => async (args) => {
      const { output, ...rest } = await next({
        ...args,
        input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' },
      });
      const { ConsumedCapacity = [] } = output as { ConsumedCapacity?: Consumed | Consumed[] };
      consumed.requests += 1;
      for (const { CapacityUnits = 0 } of [ConsumedCapacity].flat()) consumed.units += CapacityUnits;
      return { output, ...rest };
    },
    { step: 'initialize', name: 'measureCapacity' },
  );
  return () => `${counted(consumed.requests, 'request')}, ${counted(consumed.units, 'capacity unit')}`;
}
