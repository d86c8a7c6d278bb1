import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, ExecuteTransactionCommand } from '@aws-sdk/lib-dynamodb';
import type { AppendBatch } from '../log/append/append-writer.ts';
import type { Table } from './client.ts';

export type Statement = { Statement: string; Parameters: unknown[] };

/** What became of a statement: written, or why not. */
export type StatementOutcome = 'written' | { Code?: string | undefined; Message?: string | undefined };

/** Statements that one request takes. */
export const maxStatements = { statements: 25, transactions: 100 };
const unanswered = { Code: 'InternalServerError', Message: 'the table did not tell' };

/**
 * Executes conditional PartiQL statements on different items, each with an outcome of its own. As a transaction all of
 * them take one disk sync, and where one is refused all go again one by one; on AWS it costs twice the units.
 */
export async function execute(table: Table, kind: AppendBatch, statements: Statement[]) {
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
