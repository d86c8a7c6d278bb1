import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { Table } from '@parley/core/table/client';

export type Units = { read: number; write: number; refused: number; requests: number };

type Input = {
  ReturnConsumedCapacity?: string;
  Statements?: { Statement?: string }[];
  TransactItems?: unknown[];
};
type Capacity = { CapacityUnits?: number };
type Output = { ConsumedCapacity?: Capacity | Capacity[]; Responses?: { Error?: { Code?: string } }[] };

const writes = /^(Put|Update|Delete|BatchWrite|TransactWrite)/;

/**
 * Counts the units that the engine reports for the requests of this client, including the index. AWS also charges for
 * refused writes, which no other engine reports: one unit for a statement or item of up to 1 KB, and two for each item
 * of a transaction.
 */
export function countUnits(table: Table) {
  const units: Units = { read: 0, write: 0, refused: 0, requests: 0 };

  function refuse(count: number, each: number) {
    units.refused += count;
    units.write += count * each;
  }

  table.doc.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as Input;
      input.ReturnConsumedCapacity = 'INDEXES';
      units.requests += 1;
      try {
        const result = await next(args);
        const output = result.output as Output;
        const consumed = capacityOf(output);
        const isWrite = input.Statements
          ? !input.Statements[0]?.Statement?.startsWith('SELECT')
          : writes.test(context.commandName ?? '');
        units[isWrite ? 'write' : 'read'] += consumed;
        if (input.Statements && isWrite) refuse(refusedStatements(output), 1);
        return result;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) refuse(1, 1);
        if (error instanceof TransactionCanceledException) refuse(input.TransactItems?.length ?? 0, 2);
        throw error;
      }
    },
    { step: 'initialize', name: 'countUnits', priority: 'high' },
  );

  return {
    /** Returns the units since the last call and starts again at zero. */
    reset(): Units {
      const taken = { ...units };
      Object.assign(units, { read: 0, write: 0, refused: 0, requests: 0 });
      return taken;
    },
  };
}

function capacityOf({ ConsumedCapacity = [] }: Output): number {
  const parts = Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity];
  return parts.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

const refusedCodes = new Set(['ConditionalCheckFailed', 'DuplicateItem']);

const refusedStatements = ({ Responses = [] }: Output) =>
  Responses.filter(({ Error: error }) => refusedCodes.has(error?.Code ?? '')).length;
