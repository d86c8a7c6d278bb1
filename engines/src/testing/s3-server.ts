import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A bucket that speaks the calls of S3 which Parley makes (ListObjectsV2 in small pages, GetObject, DeleteObject), path
 * style. s3rver, the field's server for tests, has had no release since 2021.
 */
export async function startS3Server(bucket: string, { keysPerPage = 2 } = {}) {
  const objects = new Map<string, string>();
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const [, name = '', ...path] = pathname.split('/');
    const key = decodeURIComponent(path.join('/'));
    const xml = (status: number, body: string) =>
      res.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
    if (name !== bucket) return xml(404, errorBody('NoSuchBucket', name));
    if (req.method === 'GET' && key === '') return xml(200, list(searchParams));
    if (req.method === 'DELETE') {
      objects.delete(key);
      return res.writeHead(204).end();
    }
    const body = objects.get(key);
    if (req.method !== 'GET') return xml(405, errorBody('MethodNotAllowed', key));
    return body === undefined ? xml(404, errorBody('NoSuchKey', key)) : res.writeHead(200).end(body);
  });

  function list(query: URLSearchParams) {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, keysPerPage);
    const contents = page.map((key) => `<Contents><Key>${escaped(key)}</Key></Contents>`).join('');
    const next =
      keys.length > page.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>`
        : '<IsTruncated>false</IsTruncated>';
    return `<ListBucketResult><Name>${bucket}</Name><KeyCount>${page.length}</KeyCount>${next}${contents}</ListBucketResult>`;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const errorBody = (code: string, resource: string) =>
  `<Error><Code>${code}</Code><Message>${code}</Message><Resource>${escaped(resource)}</Resource></Error>`;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
