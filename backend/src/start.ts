import type { Config } from '@parley/config/config';
import { createApp } from './app.ts';
import { type Context, createContext } from './context.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import type { Logger } from './observe/logger.ts';

/** Starts the API. `stop` refuses new connections, finishes requests in flight, and closes what was opened. */
export async function start(config: Config, logger: Logger) {
  const ctx = createContext(config, logger);
  const server = createHttpServer(createApp(ctx), config.KEEP_ALIVE_SECONDS * 1_000);
  try {
    server.onUpgrade(ctx.gateway.upgrade);
    await ctx.gateway.start();
    await ctx.metrics?.start();
    const url = await server.listen(config.PORT, config.HOST);
    ctx.readiness.serve();
    ctx.erasures.start();
    return { url, stop: () => stop(ctx, server) };
  } catch (error) {
    await ctx.gateway.stop();
    await ctx.close();
    throw error;
  }
}

async function stop(ctx: Context, server: HttpServer) {
  ctx.readiness.drain();
  await Promise.all([server.close(), ctx.gateway.stop()]);
  await ctx.close();
}
