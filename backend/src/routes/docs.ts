import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { z } from '@parley/contract/zod';
import express, { type Router } from 'express';
import helmet from 'helmet';
import type { OpenApiDocument } from '../http/openapi.ts';
import { openRoute } from '../http/route.ts';

/** Makes the document on the first request, because that takes a while. */
export function openApiRoutes(makeDocument: () => OpenApiDocument) {
  let document: OpenApiDocument | undefined;
  return [
    openRoute({
      operationId: 'getOpenApiDocument',
      method: 'get',
      path: '/api/openapi.json',
      summary: 'This document',
      response: z.looseObject({ openapi: z.string() }),
      handle() {
        document ??= makeDocument();
        return { ...document };
      },
    }),
  ];
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="/api/docs/favicon-32x32.png">
</head>
<body>
<div id="docs"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

const script = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#docs', deepLinking: true });\n`;

const assets = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/**
 * The page shares its origin with stored tokens, so it runs only our own files. Icons in its style sheet are `data:`
 * URLs.
 */
const policy = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

/** Shows the document as a page. The policy allows no inline script, so the script is a file of its own. */
export function docsPage(): Router {
  const root = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const router = express.Router();
  router.use(policy);
  router.get('/', (_req, res) => {
    res.type('html').send(page);
  });
  router.get('/start.js', (_req, res) => {
    res.type('js').send(script);
  });
  for (const asset of assets) {
    router.get(`/${asset}`, (_req, res) => {
      res.sendFile(asset, { root, maxAge: '1h' });
    });
  }
  return router;
}
