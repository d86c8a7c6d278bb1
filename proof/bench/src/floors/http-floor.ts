import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JwtVerifier } from 'aws-jwt-verify';
import express from 'express';
import { answerParent } from '../worker.ts';

export type HttpFloor = { issuer: string };

/** Floor (a): Express that parses JSON, verifies the RS256 signature of each request's token, and answers at once. */
answerParent<HttpFloor, string>(async ({ issuer }) => {
  const jwksUri = `${issuer}/.well-known/jwks.json`;
  const verifier = JwtVerifier.create({ issuer, audience: null, jwksUri });
  const keys = (await (await fetch(jwksUri)).json()) as Parameters<typeof verifier.cacheJwks>[0];
  verifier.cacheJwks(keys);
  const app = express();
  app.set('etag', false);
  app.use(express.json());
  app.use(async (req, _res, next) => {
    await verifier.verify((req.get('Authorization') ?? '').slice('Bearer '.length));
    next();
  });
  app.use((_req, res) => {
    res.json({ success: true });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
