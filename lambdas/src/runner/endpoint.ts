import { refusalOf } from '@parley/contract/loopback';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { contextFor, type InvocationContext } from './deadline.ts';
import { metricsOf } from './metrics.ts';
import type { Status } from './status.ts';

export type Functions = Record<string, (event: never, context: InvocationContext) => Promise<unknown>>;

/** A function must end within this time. */
const timeoutMs = 60_000;

export type EndpointOptions = {
  /** By name, as the Lambda Invoke API addresses them. */
  functions: Functions;
  /** Errors that are a function's answer, so that nobody has to act. */
  isExpected?: (error: unknown) => boolean;
  status: () => Promise<Status>;
  wake: () => void;
  logger: Logger;
  /** The address that it listens on. */
  boundTo?: string;
};

/** The Lambda Invoke API for the local handlers, and the routes that the API server calls. Loopback only. */
export function createEndpoint({
  functions,
  isExpected = () => false,
  status,
  wake,
  logger,
  boundTo,
}: EndpointOptions): Express {
  const app = express().disable('x-powered-by');

  // A page in a browser could post here too.
  app.use((req, res, next) => {
    if (refusalOf(req.headers, { boundTo }) === undefined) next();
    else res.status(403).end();
  });
  app.post(
    '/2015-03-31/functions/:name/invocations',
    express.json({ type: () => true, limit: '6mb' }),
    async (req, res) => {
      const handler = functions[req.params.name];
      if (!handler) {
        res.status(404).json({ Type: 'User', Message: `Function not found: ${req.params.name}` });
        return;
      }
      try {
        res.json((await handler(req.body as never, contextFor(timeoutMs))) ?? null);
      } catch (error) {
        // Lambda answers 200, with the function's error in a header.
        if (isExpected(error)) logger.info({ function: req.params.name, err: error }, 'function refused');
        else logger.error({ function: req.params.name, err: error }, 'function failed');
        const { name, message } = error instanceof Error ? error : new Error(String(error));
        res.set('X-Amz-Function-Error', 'Unhandled').json({ errorType: name, errorMessage: message });
      }
    },
  );
  app.post('/wake', (_req, res) => {
    wake();
    res.status(204).end();
  });
  app.get('/status', async (_req, res) => {
    res.json(await status());
  });
  app.get('/metrics', async (_req, res) => {
    res.type('text/plain; version=0.0.4').send(metricsOf(await status()));
  });
  return app;
}
