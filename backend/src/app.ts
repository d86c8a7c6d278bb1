import { AppError } from '@parley/core/errors';
import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Context } from './context.ts';
import { answerError } from './http/errors.ts';
import { frontend } from './http/frontend.ts';
import { describe } from './http/openapi.ts';
import type { Route } from './http/route.ts';
import { serve } from './http/serve.ts';
import { requestLog } from './observe/logger.ts';
import { traceRequests } from './observe/tracing.ts';
import { clientConfigRoutes } from './routes/client-config.ts';
import { docsPage, openApiRoutes } from './routes/docs.ts';
import { handleRoutes } from './routes/handles.ts';
import { healthRoutes } from './routes/health.ts';
import { legacyRoutes } from './routes/legacy.ts';
import { memberRoutes } from './routes/members.ts';
import { messageGroupRoutes } from './routes/message-groups.ts';
import { messageRoutes } from './routes/messages.ts';
import { ownRowRoutes } from './routes/own-row.ts';
import { profileRoutes } from './routes/profile.ts';
import { readyRoutes } from './routes/ready.ts';
import { signOutRoutes } from './routes/sign-out.ts';
import { userRoutes } from './routes/users.ts';

/** Builds the HTTP API. It has no effects; the caller makes a server listen. */
export function createApp(ctx: Context): Express {
  // The router tries them in this order: the most frequent requests come first.
  const routes: Route[] = [
    ...messageRoutes(ctx),
    ...messageGroupRoutes(ctx),
    ...ownRowRoutes(ctx),
    ...memberRoutes(ctx),
    ...userRoutes(ctx),
    ...profileRoutes(ctx),
    ...handleRoutes(ctx),
    ...signOutRoutes(ctx),
    ...legacyRoutes(ctx),
    ...clientConfigRoutes(ctx),
    ...healthRoutes(),
    ...readyRoutes(ctx),
    ...openApiRoutes(() => describe(routes)),
  ];

  const app = express();
  app.set('etag', false);
  app.use(requestLog(ctx.logger));
  if (ctx.metrics) app.use(ctx.metrics.http);
  if (ctx.config.OTEL_EXPORTER_OTLP_ENDPOINT) app.use(traceRequests);
  app.use(helmet({ contentSecurityPolicy: noContent }));
  app.use('/api', cors(corsOptions(ctx)));
  app.use('/api/docs', docsPage());
  app.use('/api', answerHeaders(ctx));
  serve(app, ctx, routes);
  app.use(frontend(ctx));
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(answerError);
  return app;
}

/** Answers of the API are not pages. The few pages set policies of their own. */
const noContent = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

const corsOptions = ({ config }: Context): cors.CorsOptions => ({
  origin: config.CORS_ORIGINS,
  methods: ['GET', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: ['Content-Type', 'Authorization', 'Idempotency-Key', 'Accept'],
  exposedHeaders: ['Link', 'Parley-Unread-Conversations', 'Retry-After', 'X-Request-Id'],
  maxAge: 600,
});

/** No cache may store an answer, and a client of a stopping process should not keep its connection. */
const answerHeaders =
  ({ readiness }: Context): RequestHandler =>
  (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    if (readiness.isDraining()) res.set('Connection', 'close');
    next();
  };
