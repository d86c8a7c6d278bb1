import {
  canonical,
  createManifest,
  ExportError,
  formatVersion,
  type Header,
  type Manifest,
  type StateLine,
} from './export-format.ts';
import type { Line } from './import-plan.ts';

/* Reads an export's file. */

/** Whether this is the first line of an export. */
export const isExport = (line: Line | undefined) =>
  line !== undefined && 'text' in line && line.text.startsWith('{') && line.text.includes('"line":"export"');

/** Compares a file with its manifest. Throws an ExportError if the file is cut, changed or not an export. */
export async function verify(lines: AsyncIterable<Line>): Promise<Manifest> {
  const manifest = createManifest();
  let header: Header | undefined;
  let stated: Manifest | undefined;
  for await (const line of lines) {
    const value = parse(line);
    if (stated) throw new ExportError(`line ${line.number}: the manifest must be the last line`);
    if (!header) header = headerOf(value);
    else if (value.line === 'manifest') stated = value as Manifest;
    else manifest.add(value as StateLine, 'text' in line ? line.text : '');
  }
  if (!stated)
    throw new ExportError('The export is cut: its last line, the manifest, is missing. Nothing was written.');
  const found = manifest.end();
  if (canonical(found) !== canonical(stated))
    throw new ExportError(
      `The export does not match its manifest (its hash is ${found.sha256}). Nothing was written.`,
    );
  return stated;
}

function parse(line: Line): Record<string, unknown> & { line: unknown } {
  if ('fault' in line) throw new ExportError(`line ${line.number}: ${line.fault}`);
  try {
    return JSON.parse(line.text);
  } catch (cause) {
    throw new ExportError(`line ${line.number}: not JSON`, { cause });
  }
}

function headerOf(value: Record<string, unknown>): Header {
  const header = value as Header;
  if (header.line !== 'export') throw new ExportError('The first line is not the header of an export');
  if (header.version !== formatVersion)
    throw new ExportError(
      `The export has version ${header.version}, but this program reads version ${formatVersion}`,
    );
  if (header.scope === 'person')
    throw new ExportError(
      "A person's own export cannot be restored, because it holds only that person's part of the conversations",
    );
  return header;
}

/** The lines between the header and the manifest. */
export async function* stateLines(lines: AsyncIterable<Line>): AsyncGenerator<StateLine> {
  for await (const line of lines) {
    const value = parse(line);
    if (value.line !== 'export' && value.line !== 'manifest') yield value as StateLine;
  }
}
