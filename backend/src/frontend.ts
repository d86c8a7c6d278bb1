import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import type { Context } from './context.ts';

const builtFolder = fileURLToPath(new URL('../../frontend/dist', import.meta.url));

/** The browser chat at `/`, where it is built: every address that is no file and no part of the API is its page. */
export function frontend({ config }: Pick<Context, 'config'>, folder = builtFolder): Router {
  const router = Router();
  router.use(exceptApi(policy(signInOrigin(config))));
  // Names in assets/ carry a hash of their content.
  router.use('/assets', express.static(`${folder}/assets`, { immutable: true, maxAge: '1y', index: false }));
  router.use(
    exceptApi(
      express.static(folder, { index: false, setHeaders: (res) => res.set('Cache-Control', 'no-cache') }),
    ),
  );
  router.get(
    '/{*path}',
    exceptApi((req, res, next) => {
      const isPage = req.accepts(['json', 'html']) === 'html' && existsSync(`${folder}/index.html`);
      if (!isPage) return next();
      res.sendFile('index.html', {
        root: folder,
        headers: { 'Cache-Control': 'no-cache' },
        cacheControl: false,
      });
    }),
  );
  return router;
}

const exceptApi =
  (handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    /^\/api(\/|$)/.test(req.path) ? next() : handler(req, res, next);

/** Nothing but our own files runs, and nothing is talked to but this server and the sign-in. */
const policy = (signIn: string) =>
  helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'", signIn],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
  });

function signInOrigin({
  AWS_REGION,
  AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
}: Context['config']) {
  return endpoint ? new URL(endpoint).origin : `https://cognito-idp.${AWS_REGION}.amazonaws.com`;
}
