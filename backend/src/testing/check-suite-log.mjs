import { readdirSync, readFileSync } from 'node:fs';

/*
 * check-suite-log.mjs FOLDER: fails if a log line written during the tests holds a token, the text of a message or a
 * secret, or if there are no lines.
 */
const [folder] = process.argv.slice(2);
const read = (kind) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(kind))
    .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').split('\n').filter(Boolean));
const lines = read('.log');
// Escaped as in a log line, without the quotation marks.
const notes = (kind) => [...new Set(read(kind))].map((note) => note.slice(1, -1));
const texts = notes('.texts').filter((text) => !/^(.)\1*$/.test(text));
const secrets = notes('.secrets');
const token = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/;
const everything = lines.join('\n');
const isLogged = (note) => everything.includes(note);
const found = [
  ...texts.filter(isLogged).map((text) => `the text ${text.slice(0, 60)}`),
  ...secrets.filter(isLogged).map((secret) => `the secret ${secret.slice(0, 12)}`),
];
for (const line of lines) if (token.test(line)) found.push(`a token: ${line.slice(0, 200)}`);
if (lines.length === 0 || texts.length === 0)
  found.push('nothing to check: the tests wrote no lines or sent no texts');
if (found.length > 0) {
  process.stderr.write(`The logs of the tests hold ${found.slice(0, 10).join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(
  `${lines.length} log lines hold none of the tests' ${texts.length} texts and ${secrets.length} secrets, and no token\n`,
);
