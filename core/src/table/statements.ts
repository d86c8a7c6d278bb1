import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, ExecuteTransactionCommand } from '@aws-sdk/lib-dynamodb';
import type { Table } from './client.ts';

/** How several writes share a request: each on its own, or all of them or none (docs/decisions/0003). */
export type WriteBatch = 'statements' | 'transactions';

export type Statement = { Statement: string; Parameters: unknown[] };

/** The outcome of one statement: written, or the reason why not. */
export type StatementOutcome = 'written' | { Code?: string | undefined; Message?: string | undefined };

/** The most statements in one request. */
export const maxStatements = { statements: 25, transactions: 100 };
const unanswered = { Code: 'InternalServerError', Message: 'the table gave no outcome for this statement' };

/**
 * Executes conditional PartiQL statements on different items. Each has an outcome of its own. A transaction needs one
 * disk sync for all statements; if it is refused, each statement is sent again alone. On AWS it costs twice the units.
 */
export async function execute(table: Table, kind: WriteBatch, statements: Statement[]) {
  if (kind === 'transactions' && statements.length > 1 && (await isTransacted(table, statements)))
    return statements.map((): StatementOutcome => 'written');
  const outcomes: StatementOutcome[] = [];
  for (let start = 0; start < statements.length; start += maxStatements.statements)
    outcomes.push(...(await executeEach(table, statements.slice(start, start + maxStatements.statements))));
  return outcomes;
}

async function isTransacted(table: Table, TransactStatements: Statement[]) {
  try {
    await table.doc.send(new ExecuteTransactionCommand({ TransactStatements }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return false;
    throw error;
  }
}

async function executeEach(table: Table, Statements: Statement[]): Promise<StatementOutcome[]> {
  const { Responses = [] } = await table.doc.send(new BatchExecuteStatementCommand({ Statements }));
  return Statements.map((_, index) => {
    const response = Responses[index];
    return response ? (response.Error ?? 'written') : unanswered;
  });
}
