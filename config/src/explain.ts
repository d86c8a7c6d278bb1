import { getSystemErrorMap } from 'node:util';

/*
 * Turns any error into one line for the person at the terminal. Scripts and bin/start print that line, or with
 * --verbose the stack (cli/src/verbose.ts).
 */

/** An error that the person at the terminal can fix. Its message is the line to print. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

type SystemError = Error & {
  code: string;
  syscall?: string;
  path?: string;
  address?: string;
  port?: number;
  hostname?: string;
};

/** Says in one line what is wrong and, if known, how to fix it. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error)) || 'An error without a message.';
  if (error instanceof UsageError || error.name === 'ExportError' || error.name === 'StartError')
    return withCause(error);
  const text = oneLine(error.message);
  if (text.startsWith('Wrong configuration')) return text;
  if (hasCode(error) && error.code.startsWith('ERR_PARSE_ARGS'))
    return `${text.replace(/ To specify a positional argument.*$/, '').replace(/\.?$/, '.')} See --help.`;
  const system = systemErrorOf(error);
  if (system) return lineOfSystem(system);
  return lineOfService(error, text) ?? `${error.name}: ${text || 'no message'} (--verbose shows the stack)`;
}

/** Adds the system error behind one of our own errors, if our text does not name it. */
function withCause(error: Error): string {
  const line = oneLine(error.message);
  const system = error.cause instanceof Error ? systemErrorOf(error.cause) : undefined;
  return system && !line.includes(system.code) ? `${line} ${lineOfSystem(system)}` : line;
}

/** Finds the system error in a chain of causes. If several addresses were tried, the first one counts. */
function systemErrorOf(error: unknown, depth = 0): SystemError | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  if (error instanceof AggregateError && error.errors.length > 0)
    return systemErrorOf(error.errors[0], depth + 1);
  if (hasCode(error) && systemCodes.has(error.code)) return error;
  return systemErrorOf(error.cause, depth + 1);
}

const hasCode = (error: Error): error is SystemError =>
  typeof (error as { code?: unknown }).code === 'string';

const systemTexts = new Map([...getSystemErrorMap().values()]);
/** ENOTFOUND is Node's own code for an unknown host name. */
const systemCodes = new Set([...systemTexts.keys(), 'ENOTFOUND']);

function lineOfSystem(error: SystemError): string {
  const { code, path, hostname, address = hostname, port } = error;
  const at = address && (port ? `${address}:${port}` : address);
  const what = path ?? at ?? 'It';
  switch (code) {
    case 'ECONNREFUSED':
      return `Nothing answers at ${at ?? path ?? 'the configured address'}. Is Parley running (bin/start)?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host ${hostname ?? what} was not found (${code}).`;
    case 'ENOSPC':
    case 'EDQUOT':
      return path ? `No space is left for ${path} (${code}).` : `No space is left on the disk (${code}).`;
    case 'EACCES':
    case 'EPERM':
      return `${what} is not accessible for ${userName()}: permission denied (${code}).`;
    case 'EROFS':
      return `${what} is on a read-only file system (EROFS).`;
    case 'ENOENT':
      if (error.syscall === 'mkdir')
        return `${what} cannot be created, because its parent folder does not exist (ENOENT).`;
      return `${what} does not exist (ENOENT).`;
    case 'ENOTDIR':
      return `${what} is impossible: a part of the path is a file, not a folder (ENOTDIR).`;
    case 'EEXIST':
      if (error.syscall === 'mkdir') return `${what} is a file, not a folder (EEXIST).`;
      return `${what} exists already (EEXIST).`;
    case 'EISDIR':
      return `${what} is a folder, not a file (EISDIR).`;
    default:
      return `${what}: ${systemTexts.get(code) ?? oneLine(error.message)} (${code}).`;
  }
}

const userName = () => (process.getuid ? `the user with the id ${process.getuid()}` : 'you');

/** The line for an error of DynamoDB, Cognito, Postgres or the SDK. */
function lineOfService(error: Error, text: string): string | undefined {
  switch (error.name) {
    case 'ResourceNotFoundException':
      // The sign-in has an error of this name too.
      if (!/table|requested resource/i.test(text)) break;
      return 'The table does not exist. bin/ddb/schema-load creates it.';
    case 'CredentialsProviderError':
      return 'No AWS credentials, and no AWS_ENDPOINT_URL_DYNAMODB. Start Parley (bin/start) to work on this machine.';
    case 'UnknownOperationException':
      return 'The DynamoDB API of AWS_ENDPOINT_URL_DYNAMODB lacks an operation that Parley needs. docs/compatibility.md lists engines that work.';
  }
  if ('$fault' in error) return `${error.name}: ${text}`;
  if ('severity' in error && hasCode(error)) return postgresLines[error.code] ?? `Postgres: ${text}.`;
  return undefined;
}

const postgresLines: Record<string, string> = {
  '42P01': 'The database has no schema yet, or another one. bin/db/migrate creates it.',
  '3D000': 'The database does not exist. bin/db/create creates it.',
  '28P01': 'Postgres refused the password of DATABASE_URL.',
  '28000': 'Postgres refused the user of DATABASE_URL.',
};

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
