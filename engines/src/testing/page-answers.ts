import { request } from 'node:http';

/** Of what a page of a strange origin, or under a name that leads to this machine, could ask: what is not refused. */
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
        const asked = request({ port, method, path, headers: { ...headers, ...page } }, (answer) => {
          answer.resume();
          resolve(answer.headers['access-control-allow-origin'] ?? answer.statusCode);
        });
        asked.once('error', () => resolve('hung up'));
        asked.end(method === 'POST' ? '{}' : undefined);
      });
      // The delivery port is not bound to names of this machine: it takes what is signed, and nothing else.
      if (![403, 401, 404, 'hung up'].includes(status as number | string))
        answers.push({ page, method, path, status });
    }
  }
  return answers;
}
