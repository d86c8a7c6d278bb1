import { readFileSync } from 'node:fs';

/*
 * audit.mjs REPORT: judges what `npm audit --json` found in the packages that run in production. Ends with 1 for a hole
 * that is high or critical and that docs/security.md does not name (GHSA-...) with the reason why it does not reach us,
 * with 3 where the registry answered no audit.
 */
const [file] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, 'utf8'));
if (!report.vulnerabilities) {
  process.stdout.write(
    `audit: NOT DONE, the registry answers none (${report.message ?? 'no reason given'})\n`,
  );
  process.exit(3);
}
const noted = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
// `via` names the package through which another one is reached, or holds the hole itself.
const holes = Object.values(report.vulnerabilities)
  .flatMap(({ via }) => via)
  .filter((via) => typeof via === 'object' && ['high', 'critical'].includes(via.severity));
const isNoted = ({ url }) => noted.includes(url.split('/').at(-1));
const open = holes.filter((hole) => !isNoted(hole));
for (const { name, range, severity, title, url } of open)
  process.stderr.write(`${severity}: ${name} ${range}: ${title} (${url})\n`);
if (open.length > 0) process.exit(1);
const suffix = holes.length > 0 ? ` but the ${holes.length} that docs/security.md tells of` : '';
process.stdout.write(`audit: nothing known that is high or critical${suffix}\n`);
