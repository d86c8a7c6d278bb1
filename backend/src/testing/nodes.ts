import { loadConfig } from '@parley/config/config';
import { createApp } from '../app.ts';
import { createContext } from '../context.ts';
import { createHttpServer } from '../http/server.ts';
import type { Logger } from '../observe/logger.ts';
import { createClient } from './client.ts';
import { type Contract, createContract } from './contract.ts';
import { freePort } from './free-port.ts';
import { suiteLogger } from './suite-log.ts';

export type Closer = () => Promise<unknown>;

/** Starts nodes of the API in this process. Whoever owns `closers` closes them. */
export function createNodes(env: Record<string, string>, closers: Closer[]) {
  const contracts = new Map<string, Contract>();

  async function node(changes: Record<string, string> = {}, logger: Logger = suiteLogger()) {
    const ctx = createContext(loadConfig({ ...env, ...changes }), logger);
    const server = createHttpServer(createApp(ctx));
    server.onUpgrade(ctx.gateway.upgrade);
    const url = await server.listen(0, '127.0.0.1');
    ctx.readiness.serve();
    let isClosed = false;
    const close = async () => {
      if (isClosed) return;
      isClosed = true;
      await Promise.all([server.close(), ctx.gateway.stop()]);
      await ctx.close();
    };
    closers.push(close);
    return { ctx, server, close, ...createClient(url, await contractOf(url, changes.MESSAGE_MAX_CHARS)) };
  }

  /** Nodes with the same limits have the same document. */
  async function contractOf(url: string, messageMaxChars = '') {
    const known = contracts.get(messageMaxChars);
    if (known) return known;
    const response = await fetch(`${url}/api/openapi.json`);
    const contract = createContract((await response.json()) as object);
    contracts.set(messageMaxChars, contract);
    return contract;
  }

  return {
    node,
    /** A node whose sockets receive what the stream delivers (`runStream`). */
    async liveNode(changes: Record<string, string> = {}, logger?: Logger) {
      const api = await node({ DELIVERY_PORT: await freePort(), ...changes }, logger);
      await api.ctx.gateway.start();
      return api;
    },
  };
}
