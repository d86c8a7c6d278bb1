import { readFileSync } from 'node:fs';

/*
 * audit.mjs REPORT: reads what `npm audit --json` found in the packages that run in production. Exits with 1 for a
 * vulnerability of high or critical severity, unless docs/security.md names it (GHSA-...) with the reason why it does
 * not affect Parley. Exits with 3 if the registry answered no audit.
 */
const [file] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, 'utf8'));
if (!report.vulnerabilities) {
  process.stdout.write(
    `audit: NOT DONE, the registry offers no audit (${report.message ?? 'no reason given'})\n`,
  );
  process.exit(3);
}
const policy = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
// An entry of `via` is the name of a vulnerable dependency, or the vulnerability itself.
const vulnerabilities = Object.values(report.vulnerabilities)
  .flatMap(({ via }) => via)
  .filter((via) => typeof via === 'object' && ['high', 'critical'].includes(via.severity));
const isAccepted = ({ url }) => policy.includes(url.split('/').at(-1));
const open = vulnerabilities.filter((vulnerability) => !isAccepted(vulnerability));
for (const { name, range, severity, title, url } of open)
  process.stderr.write(`${severity}: ${name} ${range}: ${title} (${url})\n`);
if (open.length > 0) process.exit(1);
const suffix =
  vulnerabilities.length > 0 ? `, except ${vulnerabilities.length} that docs/security.md explains` : '';
process.stdout.write(`audit: no known vulnerability of high or critical severity${suffix}\n`);
