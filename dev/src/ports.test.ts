import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import getPort from 'get-port';
import { assertPortsFree } from './ports.ts';

const host = '127.0.0.1';

describe('ports', () => {
  it('that are free stay free', async () => {
    const ports = [{ variable: 'PORT', port: await getPort(), host }];
    await assertPortsFree(ports);
    await assertPortsFree(ports);
  });

  it('that are taken are named with the variable that changes them', async () => {
    const port = await getPort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    await expect(assertPortsFree([{ variable: 'COGNITO_PORT', port, host }])).rejects.toThrow(
      `Port ${port} is taken by another program. Set COGNITO_PORT to a free one.`,
    );
    await new Promise((resolve) => server.close(resolve));
  });

  it('must differ from each other', async () => {
    const twins = ['PORT', 'RUNNER_PORT'].map((variable) => ({ variable, port: 4567, host }));
    await expect(assertPortsFree(twins)).rejects.toThrow('PORT and RUNNER_PORT are both 4567.');
  });
});
