import type { Table } from './client.ts';

/** One request to the table, including the SDK's retries. */
export type TableRequest = {
  /** The API's name of the operation, or `Append` for the write of new entries. */
  operation: string;
  startedAtMs: number;
  ms: number;
  /** The number of items or statements. */
  items: number;
  /** The number of writes whose condition was not met. */
  refused: number;
  /** Read or write units, as the table reports them. It does not report the units of refused writes. */
  units: number;
  error?: unknown;
};

/** Operations that report their consumed units. */
const metered =
  /^(Get|Put|Update|Delete|BatchGet|BatchWrite|TransactGet|TransactWrite)Items?$|^(Query|Scan)$|Statement$/;

// biome-ignore lint/suspicious/noExplicitAny: inputs and outputs of every operation, read field by field.
type Loose = Record<string, any>;

/**
 * Calls `onRequest` after every request to the table. Asks the table to report units, so answers are a little longer.
 */
export function observeRequests({ doc }: Table, onRequest: (request: TableRequest) => void) {
  doc.middlewareStack.add(
    (next, context) => async (args) => {
      const name = String(context.commandName ?? '').replace(/Command$/, '');
      const isMetered = metered.test(name);
      const input: Loose = isMetered ? { ReturnConsumedCapacity: 'TOTAL', ...args.input } : args.input;
      const [startedAtMs, startedAt] = [Date.now(), performance.now()];
      const report = (outcome: Pick<TableRequest, 'refused' | 'units' | 'error'>) =>
        onRequest({
          operation: operationOf(name, input),
          items: itemsOf(input),
          startedAtMs,
          ms: performance.now() - startedAt,
          ...outcome,
        });
      try {
        const result = await next({ ...args, input });
        const output: Loose = result.output;
        report({ refused: refusedStatements(output), units: unitsOf(output.ConsumedCapacity) });
        return result;
      } catch (error) {
        report({ refused: refusedConditions(error as Loose), units: 0, error });
        throw error;
      }
    },
    { step: 'initialize', priority: 'high' },
  );
}

function operationOf(name: string, { Statements, TransactItems }: Loose): string {
  const isInsert = Statements?.[0]?.Statement?.startsWith('INSERT');
  const isNew = TransactItems?.every(
    ({ Put }: Loose) => Put?.ConditionExpression === 'attribute_not_exists(pk)',
  );
  return isInsert || isNew ? 'Append' : name;
}

function itemsOf({ Statements, TransactItems, RequestItems }: Loose): number {
  const requests = Object.values<Loose>(RequestItems ?? {});
  if (requests.length > 0)
    return requests.reduce((sum, { Keys, length }) => sum + (Keys ?? { length }).length, 0);
  return (Statements ?? TransactItems)?.length ?? 1;
}

const conditionCodes = new Set(['ConditionalCheckFailed', 'DuplicateItem']);

const refusedStatements = ({ Responses }: Loose): number =>
  Array.isArray(Responses)
    ? Responses.filter((response) => conditionCodes.has(response?.Error?.Code)).length
    : 0;

function refusedConditions({ name, CancellationReasons = [] }: Loose): number {
  if (name === 'ConditionalCheckFailedException') return 1;
  return CancellationReasons.filter(({ Code }: Loose) => conditionCodes.has(Code)).length;
}

function unitsOf(consumed: Loose | Loose[] | undefined): number {
  const list = Array.isArray(consumed) ? consumed : [consumed];
  return list.reduce<number>((sum, each) => sum + (each?.CapacityUnits ?? 0), 0);
}
