import { parseArgs } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { type Config, letterBucketOptions } from '@parley/config/config';
import { UsageError } from '@parley/config/explain';
import { cut } from '@parley/contract/graphemes';
import { createS3 } from '@parley/core/dead-letters/letter-bucket';
import { clientConfig } from '@parley/core/table/client';
import { limitOf } from './arguments.ts';
import { confirm } from './confirm.ts';
import { connectTable, run } from './connect.ts';
import { bucketLetters } from './dead-letters-bucket.ts';
import { type Letter, type Letters, redrive, tableLetters } from './dead-letters-redrive.ts';
import { counted, printRows } from './print.ts';

const maxErrorChars = 200;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean' },
      json: { type: 'boolean' },
      limit: { type: 'string' },
      yes: { type: 'boolean' },
    },
  });
  const [command = 'list', ...ids] = positionals;
  const { config, table, close } = connectTable();
  const s3 = createS3(letterBucketOptions(config));
  const lambda = new LambdaClient(lambdaConfig(config));
  const letters = config.DEAD_LETTER_BUCKET
    ? bucketLetters(s3, config.DEAD_LETTER_BUCKET)
    : tableLetters(table);
  const isCloud = !config.AWS_ENDPOINT_URL_DYNAMODB;
  try {
    if (command === 'list') return await list(letters, limitOf(values.limit), values);
    if (command === 'show') return await show(letters, ids);
    if (command !== 'redrive' && command !== 'purge')
      throw new UsageError(`Unknown command ${command}. See --help.`);
    if (!values.all && ids.length === 0)
      throw new UsageError(`Give the ids of dead letters (bin/ddb/dead-letters list), or --all.`);
    if (command === 'purge' && isCloud && !values.yes)
      throw new UsageError('This would remove records on AWS for good. Add --yes if you mean it.');
    const what = values.all ? 'every dead letter' : `${ids.length} of the dead letters`;
    if (command === 'purge') await confirm(`This removes ${what} for good.`, 'purge', values.yes);
    const chosen = values.all ? letters.list() : chosenOf(letters, ids);
    return command === 'redrive' ? await redriveAll(lambda, letters, chosen) : await purge(letters, chosen);
  } finally {
    lambda.destroy();
    s3.destroy();
    await close();
  }
}

/** Off AWS the stream runner offers the Lambda Invoke API. */
function lambdaConfig({ AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB, RUNNER_HOST, RUNNER_PORT }: Config) {
  const host = RUNNER_HOST === '0.0.0.0' ? '127.0.0.1' : RUNNER_HOST;
  const endpoint = AWS_ENDPOINT_URL_DYNAMODB && `http://${host}:${RUNNER_PORT}`;
  // Longer than any function may take, so that every invocation gets its answer.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 910_000 };
  return { ...clientConfig(AWS_REGION, endpoint), requestHandler, maxAttempts: 1 };
}

async function list(letters: Letters, limit: number, format: { json?: boolean | undefined }) {
  const rows: Record<string, unknown>[] = [];
  let hasMore = false;
  for await (const letter of letters.list()) {
    hasMore = rows.length === limit;
    if (hasMore) break;
    rows.push(rowOf(letter));
  }
  printRows(rows, format);
  const count = counted(rows.length, 'dead letter');
  console.error(`${count}${hasMore ? ' (there are more: --limit)' : ''}`);
  return 0;
}

function rowOf({ id, failedAt, condition, attempts, functionName, event, error }: Letter) {
  const [firstLine = ''] = error.split('\n');
  const name = functionName.split(':function:').at(-1);
  const cause = cut(firstLine, maxErrorChars);
  return {
    id,
    failed_at: failedAt,
    function: name,
    records: event.Records.length,
    attempts,
    condition,
    error: cause,
  };
}

async function show(letters: Letters, ids: string[]) {
  if (ids.length === 0) throw new UsageError('Give the id of a dead letter (bin/ddb/dead-letters list).');
  for await (const { functionName, ...letter } of chosenOf(letters, ids))
    console.log(JSON.stringify({ ...letter, function: functionName }, null, 2));
  return 0;
}

async function* chosenOf(letters: Letters, ids: string[]): AsyncGenerator<Letter> {
  for (const id of ids) {
    const letter = await letters.get(id);
    if (!letter) throw new UsageError(`There is no dead letter ${id}.`);
    yield letter;
  }
}

async function redriveAll(lambda: LambdaClient, letters: Letters, chosen: AsyncIterable<Letter>) {
  const counts = { done: 0, failed: 0 };
  for await (const letter of chosen) {
    const failures = await redrive(lambda, letter);
    if (failures.length === 0) {
      await letters.remove(letter);
      counts.done += 1;
      continue;
    }
    counts.failed += 1;
    console.error(`${letter.id} stays: ${failures.length} of ${letter.event.Records.length} records fail`);
    for (const { sequenceNumber, error } of failures) console.error(`  ${sequenceNumber}: ${error}`);
  }
  console.log(`${counts.done} redriven, ${counts.failed} failed again.`);
  return counts.failed > 0 ? 1 : 0;
}

async function purge(letters: Letters, chosen: AsyncIterable<Letter>) {
  let count = 0;
  for await (const letter of chosen) {
    await letters.remove(letter);
    count += 1;
  }
  console.log(`${count} purged.`);
  return 0;
}

await run(main);
