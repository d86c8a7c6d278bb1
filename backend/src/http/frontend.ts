import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@parley/config/config';
import { type Request, type RequestHandler, Router } from 'express';
import expressStaticGzip from 'express-static-gzip';
import helmet from 'helmet';

const builtFolder = fileURLToPath(new URL('../../../frontend/dist', import.meta.url));

/** Serves the browser chat at `/` if it is built. Every path that is neither a file nor of the API gets its page. */
export function frontend({ config }: { config: Config }, folder = builtFolder): Router {
  const router = Router();
  // Names in assets/ carry a hash of their content.
  const assets = files(`${folder}/assets`, { immutable: true, maxAge: '1y' });
  const others = files(folder, { setHeaders: (res) => res.setHeader('Cache-Control', 'no-cache') });
  router.use(exceptApi(policy(signInOrigin(config))));
  router.use('/assets', assets, (_req, _res, next) => next('router'));
  router.use(exceptApi(others));
  router.get(
    '/{*path}',
    exceptApi((req, res, next) => {
      if (!isPage(req)) return next();
      req.url = '/index.html';
      others(req, res, next);
    }),
  );
  return router;
}

/** Serves the brotli or gzip copy that the build made, if the client accepts it. */
const files = (folder: string, serveStatic: expressStaticGzip.ExpressStaticGzipOptions['serveStatic']) =>
  expressStaticGzip(folder, {
    index: false,
    enableBrotli: true,
    orderPreference: ['br', 'gz'],
    serveStatic: { ...serveStatic, index: false },
  });

/**
 * A client that accepts anything gets the page, unless the path looks like a file: a missing script must answer 404.
 */
function isPage(req: Request): boolean {
  const asksForHtml = req.accepts(['json', 'html']) === 'html';
  return asksForHtml || (req.accepts(['html', 'json']) === 'html' && extname(req.path) === '');
}

const exceptApi =
  (handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    /^\/api(\/|$)/.test(req.path) ? next() : handler(req, res, next);

/** The page runs only its own files and connects only to this server and the sign-in. */
const policy = (signIn: string) =>
  helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'", signIn],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
  });

function signInOrigin({ AWS_REGION, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint }: Config) {
  return endpoint ? new URL(endpoint).origin : `https://cognito-idp.${AWS_REGION}.amazonaws.com`;
}
