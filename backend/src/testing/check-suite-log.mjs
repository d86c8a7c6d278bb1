import { readdirSync, readFileSync } from 'node:fs';

/*
 * check-suite-log.mjs FOLDER: ends with an error where a line that a node wrote during the tests holds a token or the
 * text of a message, or where there is nothing to look at.
 */
const [folder] = process.argv.slice(2);
const read = (kind) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(kind))
    .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').split('\n').filter(Boolean));
const lines = read('.log');
// As a line would spell it: escaped, without the quotation marks.
const texts = [...new Set(read('.texts'))]
  .map((text) => text.slice(1, -1))
  .filter((text) => !/^(.)\1*$/.test(text));
const token = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/;
const everything = lines.join('\n');
const found = texts
  .filter((text) => everything.includes(text))
  .map((text) => `the text ${text.slice(0, 60)}`);
for (const line of lines) if (token.test(line)) found.push(`a token: ${line.slice(0, 200)}`);
if (lines.length === 0 || texts.length === 0)
  found.push('nothing: the tests wrote no lines, or sent no texts');
if (found.length > 0) {
  process.stderr.write(`The logs of the tests hold ${found.slice(0, 10).join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(
  `${lines.length} lines of the tests' nodes hold none of ${texts.length} texts, and no token\n`,
);
