import { readFileSync } from 'node:fs';

/*
 * licences.mjs BILL: fails if a package in a CycloneDX bill of materials has a licence that the policy in
 * docs/security.md does not allow. Of a choice (`OR`) one licence must be allowed, of a conjunction (`AND`) all.
 */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'OFL-1.1',
  'Python-2.0',
  'Unlicense',
]);

const isAllowed = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((licence) => allowed.has(licence.trim())));

const [file] = process.argv.slice(2);
const { components = [] } = JSON.parse(readFileSync(file, 'utf8'));
const packages = components.filter(({ purl = '' }) => !purl.startsWith('pkg:npm/%40parley/'));
const licenceOf = ({ licenses = [] }) =>
  licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name).join(' AND ');
const refused = packages.filter((component) => !isAllowed(licenceOf(component)));
if (packages.length === 0) throw new Error(`${file} lists no packages`);
if (refused.length > 0) {
  const list = refused.map(
    (component) => `  ${component.name} ${component.version}: ${licenceOf(component) || 'no licence'}`,
  );
  process.stderr.write(`Licences that docs/security.md does not allow:\n${list.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`licences: ${packages.length} packages, all allowed\n`);
