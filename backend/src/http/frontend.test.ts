import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '@parley/config/config';
import express from 'express';
import request from 'supertest';
import { frontend } from './frontend.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-frontend-'));
const html = `<!doctype html><title>Parley</title>${' '.repeat(100)}`;
const script = `export {};${'// again '.repeat(100)}`;
const app = express();

beforeAll(() => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets/index-abc.js'), script);
  writeFileSync(join(folder, 'assets/index-abc.js.br'), brotliCompressSync(script));
  writeFileSync(join(folder, 'assets/index-abc.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'index.html.br'), brotliCompressSync(html));
  const config = loadConfig({ AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:4573/' });
  app.use(frontend({ config }, folder));
  app.use((_req, res) => {
    res.status(404).json(['not_found']);
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const page = (path: string) => request(app).get(path).set('Accept', 'text/html,*/*;q=0.8');

describe('the browser chat is served', () => {
  test.each(['/', '/messages/373a7a86-3e60-55c4-b4be-ce74b101d96c', '/messages/new/ana'])(
    'as one page at %s, revalidated each time',
    async (path) => {
      const answer = await page(path).expect(200);
      expect(answer.text).toContain('<title>Parley</title>');
      expect(answer.headers['cache-control']).toBe('no-cache');
    },
  );

  test('with a policy that runs only its own files and connects only to the API and the sign-in', async () => {
    const policy = String((await page('/')).headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self' http://127.0.0.1:4573;");
    expect(policy).not.toMatch(/unsafe|\*/);
  });

  test('with assets that are cached for a year, because their names hold a hash', async () => {
    const answer = await request(app).get('/assets/index-abc.js').expect(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    await request(app).get('/icon.svg').expect(200).expect('Cache-Control', 'no-cache');
  });

  test.each(['/', '/messages/new/ana'])(
    'as that page at %s to clients that accept anything, such as curl',
    async (path) => {
      for (const headers of [{ Accept: '*/*' }, {}]) {
        const answer = await request(app).get(path).set(headers).expect(200);
        expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      }
      const answer = await request(app).head('/').set('Accept', '*/*').expect(200);
      expect(Number(answer.headers['content-length'])).toBeGreaterThan(0);
      expect(answer.text).toBeUndefined();
      await request(app).get('/api/nowhere').set('Accept', '*/*').expect(404, ['not_found']);
      await request(app).get('/script-that-is-gone.js').set('Accept', '*/*').expect(404);
    },
  );

  test.each([
    ['br, gzip, deflate', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity', undefined],
  ])('compressed by the build, where a client takes it: %s', async (accepted, encoding) => {
    const answer = await request(app)
      .get('/assets/index-abc.js')
      .set('Accept-Encoding', accepted)
      .buffer(true);
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/javascript; charset=utf-8$/i),
      vary: 'Accept-Encoding',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(answer.headers['content-encoding']).toBe(encoding);
    const length = Number(answer.headers['content-length']);
    if (encoding) expect(length).toBeLessThan(script.length / 3);
    else expect(answer.text).toBe(script);
    const etag = String(answer.headers.etag);
    const again = { 'Accept-Encoding': accepted, 'If-None-Match': etag };
    await request(app).get('/assets/index-abc.js').set(again).expect(304);
  });

  test('compressed, and in byte ranges of the compressed file', async () => {
    const answer = await page('/messages/new/ana').set('Accept-Encoding', 'br').expect(200);
    expect(answer.headers).toMatchObject({
      'content-encoding': 'br',
      'content-type': expect.stringMatching(/^text\/html; charset=utf-8$/i),
      'cache-control': 'no-cache',
      vary: 'Accept-Encoding',
    });
    const range = { 'Accept-Encoding': 'identity', Range: 'bytes=0-8' };
    const part = await request(app).get('/assets/index-abc.js').set(range).buffer(true).expect(206);
    expect([part.text, part.headers['content-range']]).toEqual(['export {}', `bytes 0-8/${script.length}`]);
  });

  test('without its page for a missing asset, for the API, or for a client that accepts no HTML', async () => {
    await request(app).get('/assets/index-old.js').expect(404);
    await page('/api').expect(404);
    await page('/api/nowhere').expect(404);
    await request(app).get('/nowhere').set('Accept', 'application/json').expect(404);
    await page('/..%2f..%2fpackage.json').expect((answer) => {
      expect(answer.text).not.toContain('workspaces');
    });
    await request(app).post('/').expect(404);
  });
});
