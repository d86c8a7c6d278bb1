import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { downloadDynamodbLocal, downloadedJar } from './dynamodb-local-download.ts';

let dir: string;
let cache: string;
let server: Server;
let base: string;
let archive: Buffer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-download-'));
  writeFileSync(join(dir, 'DynamoDBLocal.jar'), 'a jar');
  execFileSync('tar', ['-czf', join(dir, 'archive.tar.gz'), '-C', dir, 'DynamoDBLocal.jar']);
  archive = readFileSync(join(dir, 'archive.tar.gz'));
  server = createServer((req, res) => {
    if (req.url === '/whole') return res.end(archive);
    if (req.url === '/cut') {
      res.writeHead(200, { 'content-length': archive.length });
      return res.write(archive.subarray(0, 20), () => res.destroy());
    }
    return res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  cache = mkdtempSync(join(dir, 'cache-'));
});

const sha256 = () => createHash('sha256').update(archive).digest('hex');
const release = (path: string, hash = sha256()) => ({ version: '1', url: `${base}${path}`, sha256: hash });

describe('a download of DynamoDB Local', () => {
  it('is unpacked if its hash is right, and found afterwards', async () => {
    const jar = await downloadDynamodbLocal(release('/whole'), cache);
    expect(readFileSync(jar, 'utf8')).toBe('a jar');
    expect(downloadedJar(release('/whole'), cache)).toBe(jar);
    expect(readdirSync(cache)).toEqual(['1']);
  });

  it.each([
    [
      'has another hash',
      '/whole',
      'f'.repeat(64),
      /its SHA-256 is [0-9a-f]{64}, not f{64}\. Download it yourself/,
    ],
    ['is not there', '/gone', undefined, /the answer is 404/],
    ['is cut', '/cut', undefined, /could not be downloaded from http:.*DYNAMODB_LOCAL_JAR/],
  ])('that %s leaves nothing, and one line says what to do', async (_, path, hash, says) => {
    const error = await downloadDynamodbLocal(release(path, hash), cache).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).not.toContain('\n');
    expect(readdirSync(cache)).toEqual([]);
  });

  it('gives the reason if the server does not answer', async () => {
    const nowhere = { ...release('/whole'), url: 'http://127.0.0.1:1/' };
    await expect(downloadDynamodbLocal(nowhere, cache)).rejects.toThrow(
      /could not be downloaded from .*: .+\. Download/,
    );
  });
});
