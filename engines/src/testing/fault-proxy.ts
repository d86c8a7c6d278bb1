import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A fault of a request: `drop` loses it; `cut` loses the answer after the engine has executed it, and `garble` truncates
 * the answer. `acknowledge` answers 200 with this body without sending the request to the engine.
 */
export type Fate =
  | 'pass'
  | 'cut'
  | 'garble'
  | 'drop'
  | 'throttle'
  | 'fail'
  | { delayMs: number }
  | { acknowledge: string };

export type FaultProxyOptions = {
  /** The answer to the client, instead of the engine's. */
  rewrite?: (operation: string, body: Buffer) => Buffer;
};

/**
 * A proxy for a DynamoDB API that injects faults. It calls `decide` with the operation (`BatchExecuteStatement`, ...) and
 * the body of each request.
 */
export async function startFaultProxy(
  endpoint: string,
  decide: (operation: string, body: Buffer) => Fate,
  { rewrite = (_operation, body) => body }: FaultProxyOptions = {},
) {
  const target = new URL(endpoint);
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? '';
    const sent = Buffer.concat(chunks);
    const fate = decide(operation, sent);
    if (fate === 'drop') return res.destroy();
    if (fate === 'throttle') return answer(res, 400, 'ThrottlingException');
    if (fate === 'fail') return answer(res, 500, 'InternalServerError');
    if (typeof fate === 'object' && 'acknowledge' in fate)
      return res.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(fate.acknowledge);
    if (typeof fate === 'object') await sleep(fate.delayMs);
    const forwarded = request(
      { host: target.hostname, port: target.port, method: req.method, path: req.url, headers: req.headers },
      (reply) => {
        const body: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => body.push(chunk));
        reply.on('end', () => {
          if (fate === 'cut') return res.destroy();
          if (fate === 'garble') return res.writeHead(200).end('{"Responses":[{');
          const answered = rewrite(operation, Buffer.concat(body));
          const {
            'content-length': _,
            'transfer-encoding': __,
            'x-amz-crc32': ___,
            ...headers
          } = reply.headers;
          res
            .writeHead(reply.statusCode ?? 502, { ...headers, 'content-length': answered.length })
            .end(answered);
        });
      },
    );
    forwarded.on('error', () => res.destroy());
    forwarded.end(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(res: ServerResponse, status: number, name: string) {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: `${name}, by the fault proxy` };
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}
