import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';
import { answerParent } from '../worker.ts';

export type HttpRequest = { method: 'GET' | 'POST'; path: string; token: string; body?: string };
export type HttpLoad = {
  url: string;
  connections: number;
  seconds: number;
  requests: HttpRequest[];
  /** `turn` picks requests in order. `zipf` picks the first ones most often, as real traffic does. */
  pick: 'turn' | 'zipf';
};
export type HttpResult = { perSecond: number; requests: number; p50: number; p99: number };

/** Sends HTTP requests. Each request with a body has its own idempotency key. Any answer other than 200 is an error. */
answerParent<HttpLoad, HttpResult>(async ({ url, connections, seconds, requests, pick }) => {
  let turn = 0;
  const draw = pick === 'zipf' ? zipf(requests.length) : () => turn++ % requests.length;
  const setupRequest = (request: autocannon.Request): autocannon.Request => {
    const { method, path, token, body } = requests[draw()] ?? fail('no request');
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body) Object.assign(headers, { 'content-type': 'application/json', 'idempotency-key': randomUUID() });
    return { ...request, method, path, headers, ...(body && { body }) };
  };
  const result = await autocannon({ url, connections, duration: seconds, requests: [{ setupRequest }] });
  if (result.non2xx > 0 || result.errors > 0)
    fail(`${result.non2xx} answers were not 200, and ${result.errors} requests failed`);
  return {
    perSecond: result.requests.total / result.duration,
    requests: result.requests.total,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
});

/** Draws numbers below `count`. The n-th number has a frequency of 1/n (Zipf, exponent 1). */
function zipf(count: number): () => number {
  const sums: number[] = [];
  for (let rank = 1; rank <= count; rank += 1) sums.push((sums.at(-1) ?? 0) + 1 / rank);
  return () => {
    const wanted = Math.random() * (sums.at(-1) ?? 0);
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function fail(message: string): never {
  throw new Error(message);
}
