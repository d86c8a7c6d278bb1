// @ts-check
import { parseEnv } from 'node:util';

/*
 * Reads a .env file. It is JavaScript without packages, because scripts read settings before anything is installed.
 *
 * Node's own dotenv parser decodes each value. A line must be blank, a comment or an assignment. Any other line is
 * refused with its number, because a misread line would start Parley with wrong settings. Nothing is expanded or run.
 * Messages never show a value, because it may be a password.
 */

export class EnvFileError extends Error {
  /** @param {number} line @param {string} reason */
  constructor(line, reason) {
    super(`line ${line}: ${reason}`);
    this.line = line;
  }
}

const blankOrComment = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
const assignment = /[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_]*)[^\S\n]*=([^\S\n]*)/y;
/**
 * A shell writes a single quote within single quotes as '\''. bin/start does so in its file, which a shell can source.
 */
const quoted = /'((?:[^']|'\\'')*)'|"([^"]*)"|`([^`]*)`/y;
const restOfLine = /[^\n]*/y;

/**
 * Returns the assignments in their order. If a name occurs twice, the later one counts.
 * @param {string} content
 * @returns {{ name: string, value: string, line: number }[]}
 */
export function parseEnvFile(content) {
  const text = content.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const assignments = [];
  let at = 0;
  const match = (/** @type {RegExp} */ pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (match(blankOrComment)) continue;
    const line = text.slice(0, at).split('\n').length;
    const head = match(assignment);
    if (!head) throw new EnvFileError(line, faultOf(match(restOfLine)?.[0] ?? ''));
    const [, name = '', blanks = ''] = head;
    const value = /['"`]/.test(text[at] ?? '')
      ? quotedValue(match, line, text[at])
      : plainValue(match(restOfLine)?.[0] ?? '', blanks !== '', line);
    if (value.includes('\0')) throw new EnvFileError(line, `the value of ${name} contains a NUL character.`);
    assignments.push({ name, value, line });
  }
  return assignments;
}

/** @param {(pattern: RegExp) => RegExpExecArray | null} match @param {number} line @param {string | undefined} quote */
function quotedValue(match, line, quote) {
  const found = match(quoted);
  if (!found) throw new EnvFileError(line, `the quote ${quote} is never closed.`);
  if (!match(blankOrComment))
    throw new EnvFileError(line, 'after the closing quote only a comment may follow.');
  const [whole, single] = found;
  return single?.includes("'") ? single.replaceAll("'\\''", "'") : decode(whole);
}

/** @param {string} rest @param {boolean} isAfterBlank @param {number} line */
function plainValue(rest, isAfterBlank, line) {
  const value = (isAfterBlank ? ` ${rest}` : rest).replace(/\s#.*$/s, '').trim();
  if (value.includes('#'))
    throw new EnvFileError(line, 'the value contains #. Quote the value, or put a blank before a comment.');
  return decode(value);
}

const decode = (/** @type {string} */ source) => parseEnv(`VALUE=${source}`).VALUE ?? '';

/** @param {string} line */
function faultOf(line) {
  return line.includes('=')
    ? 'a name has only letters, digits and _, and does not begin with a digit.'
    : 'this is not NAME=value.';
}

/**
 * The known name of which an unknown name is a misspelling, if there is one.
 * @param {string} name
 * @param {readonly string[]} known
 */
export function similarName(name, known) {
  if (known.includes(name)) return undefined;
  const bare = (/** @type {string} */ text) => text.replaceAll('_', '').toUpperCase();
  // AWS has many names that Parley does not read, and they differ in few letters.
  const maxTypos = name.length < 10 || name.startsWith('AWS_') ? 1 : 2;
  return known.find((other) => bare(other) === bare(name) || distance(name, other) <= maxTypos);
}

/** The number of letters added, left out, replaced or swapped. @param {string} one @param {string} other */
function distance(one, other) {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const cost = (/** @type {number} */ row, /** @type {number} */ column) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= one.length; row += 1) {
    const costs = [row];
    rows.push(costs);
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      costs.push(
        Math.min(
          cost(row - 1, column) + 1,
          cost(row, column - 1) + 1,
          cost(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? cost(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return cost(one.length, other.length);
}
