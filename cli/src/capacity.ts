import type { Table } from '@parley/core/table/client';
import { counted } from './print.ts';

type Consumed = { CapacityUnits?: number; TableName?: string };

/** Makes every request to this table report its consumed capacity. Returns a function that prints the sum. */
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
