import { request } from 'node:http';

/** Sends requests like a page of a foreign origin or host name would. Returns those that were not refused. */
export async function pageAnswers(port: number) {
  const headers = { 'content-type': 'text/plain', 'x-amz-target': 'DynamoDB_20120810.ListTables' };
  const pages = [
    { Host: `127.0.0.1:${port}`, Origin: 'http://evil.example' },
    { Host: `127.0.0.1:${port}`, Origin: 'null' },
    { Host: `evil.example:${port}`, Origin: `http://evil.example:${port}` },
    { Host: `evil.example:${port}` },
  ];
  const answers = [];
  for (const page of pages) {
    for (const [method, path] of [
      ['OPTIONS', '/'],
      ['POST', '/'],
      ['GET', '/metrics'],
      ['POST', '/2015-03-31/functions/post-confirmation/invocations'],
    ] as const) {
      const status = await new Promise((resolve) => {
        const sent = request({ port, method, path, headers: { ...headers, ...page } }, (answer) => {
          answer.resume();
          resolve(answer.headers['access-control-allow-origin'] ?? answer.statusCode);
        });
        sent.once('error', () => resolve('hung up'));
        sent.end(method === 'POST' ? '{}' : undefined);
      });
      // The delivery port does not check host names. It answers 401 or 404, because it accepts only signed requests.
      if (![403, 401, 404, 'hung up'].includes(status as number | string))
        answers.push({ page, method, path, status });
    }
  }
  return answers;
}
