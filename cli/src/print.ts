import { isolate } from '@parley/contract/direction';
import { cut } from '@parley/contract/graphemes';

type Row = Record<string, unknown>;

const maxCellChars = 60;
/** Characters that move the cursor, hide text or change its direction are printed as their code points. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (text: string) =>
  text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A person's text for a line of output. It cannot affect the text around it. */
export const printable = (text: string) => isolate(escaped(text));

/** "1 room", "2 rooms", "0 people". */
export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`;

function cellOf(value: unknown): string {
  if (value === undefined) return '';
  const text = escaped(typeof value === 'string' ? value : JSON.stringify(jsonable(value)));
  return isolate(widthOf(text) > maxCellChars ? `${cut(text, maxCellChars - 1)}…` : text);
}

/** JSON has no sets. */
function jsonable(value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}

const keyColumns = ['pk', 'sk'];

/** Prints rows as an aligned table, with the keys first and numbers to the right. */
export function tableOf(rows: Row[]): string {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  const columns = [...keyColumns.filter((name) => names.delete(name)), ...names];
  const lines = [columns.map(cellOf), ...rows.map((row) => columns.map((name) => cellOf(row[name])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index]))));
  const isNumber = columns.map((name) =>
    rows.every((row) => row[name] === undefined || typeof row[name] === 'number'),
  );
  const format = (line: string[]) =>
    line
      .map((cell, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
        return isNumber[index] ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return lines.map(format).join('\n');
}

/** Isolate characters have no width. */
const widthOf = (cell = '') => [...cell.replaceAll(/[\u2066-\u2069]/g, '')].length;

/** Sorts the attributes of rows by their order in the statement, and the others by name. */
export function inOrder(rows: Row[], statement = ''): Row[] {
  const words = statement.split(/\W+/);
  const rank = (name: string) => (words.includes(name) ? words.indexOf(name) : words.length);
  const before = ([one]: [string, unknown], [other]: [string, unknown]) =>
    rank(one) - rank(other) || (one < other ? -1 : 1);
  return rows.map((row) => Object.fromEntries(Object.entries(row).sort(before)));
}

/** A row as a line of JSON. */
export const jsonOf = (row: Row) => JSON.stringify(row, (_, value) => jsonable(value));

export function printRows(rows: Row[], { json }: { json?: boolean | undefined }) {
  if (json) for (const row of rows) console.log(jsonOf(row));
  else if (rows.length > 0) console.log(tableOf(rows));
}
