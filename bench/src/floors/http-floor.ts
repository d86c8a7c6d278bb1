import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTokens } from '@parley/backend/tokens';
import { loadConfig } from '@parley/config/config';
import express from 'express';
import { answerParent } from '../worker.ts';

/** Floor (a): Express that parses JSON, verifies the token's RS256 signature, and answers at once. */
answerParent<{ env: Record<string, string> }, string>(async ({ env }) => {
  const tokens = createTokens(loadConfig(env));
  const app = express();
  app.set('etag', false);
  app.use(express.json());
  app.use(async (req, _res, next) => {
    await tokens.verify((req.get('Authorization') ?? '').slice('Bearer '.length));
    next();
  });
  app.use((_req, res) => {
    res.json({ success: true });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
