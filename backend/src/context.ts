import type { Config } from '@parley/config/config';
import { createSignOuts, type SignOuts } from './auth/sign-outs.ts';
import { createErasures, type Erasures } from './erasures.ts';
import type { Logger } from './observe/logger.ts';
import { createReadiness, type Readiness } from './observe/readiness.ts';
import { createParts, type Parts } from './parts.ts';
import { createGateway, type Gateway } from './realtime/gateway.ts';

/** What routes may use: the parts of the node and the services built on them. */
export type Context = Parts & {
  readiness: Readiness;
  gateway: Gateway;
  erasures: Erasures;
  signOuts: SignOuts;
};

/** Connects to nothing yet. Throws if the configuration cannot work. */
export function createContext(config: Config, logger: Logger): Context {
  const parts = createParts(config, logger);
  const { metrics, cognito } = parts;
  const readiness = createReadiness({
    ...parts,
    signIn: config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
  });
  if (config.RUNNER_URL) metrics?.watchStream(async () => (await readiness.report()).stream);
  const gateway = createGateway(parts);
  parts.onAppended(gateway.publishAppended);
  const erasures = createErasures({ ...parts, client: cognito });
  return {
    ...parts,
    readiness,
    gateway,
    erasures,
    signOuts: createSignOuts({ config, client: cognito, logger }),
    async close() {
      await erasures.stop();
      await parts.close();
    },
  };
}
