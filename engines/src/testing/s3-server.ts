import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createBucket, type Version } from './s3-bucket.ts';
import { escaped, list, listVersions } from './s3-listing.ts';

/**
 * A bucket that answers the S3 calls that Parley makes (ListObjectsV2 and ListObjectVersions in small pages, GetObject,
 * PutObject with If-Match, DeleteObject), path style. s3rver, a common server for tests, has had no release since 2021
 * and keeps no versions.
 */
export async function startS3Server(name: string, { keysPerPage = 2, keepsVersions = false } = {}) {
  const bucket = createBucket(keepsVersions);
  const { versions, latest, keys, put, remove } = bucket;

  const server = createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const [, wanted = '', ...path] = pathname.split('/');
    const key = decodeURIComponent(path.join('/'));
    const xml = (status: number, body: string) =>
      res.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
    if (wanted !== name) return xml(404, errorBody('NoSuchBucket', wanted));
    if (req.method === 'GET' && key === '') {
      const listing = searchParams.has('versions') ? listVersions : list;
      return xml(200, listing(searchParams, { name, bucket, keysPerPage }));
    }
    const id = searchParams.get('versionId');
    if (req.method === 'DELETE') {
      remove(key, id);
      return res.writeHead(204).end();
    }
    if (req.method === 'PUT') {
      const refused = refusal(req, latest(key));
      const body = await text(req);
      if (refused) return xml(refused === 'NoSuchKey' ? 404 : 412, errorBody(refused, key));
      const version = put(key, body);
      const headers = { etag: etagOf(version), ...(keepsVersions && { 'x-amz-version-id': version.id }) };
      return res.writeHead(200, headers).end();
    }
    if (req.method !== 'GET') return xml(405, errorBody('MethodNotAllowed', key));
    const found = id === null ? latest(key) : versions.get(key)?.find((version) => version.id === id);
    if (!found) return xml(404, errorBody(id === null ? 'NoSuchKey' : 'NoSuchVersion', key));
    return res.writeHead(200, { etag: etagOf(found) }).end(found.body);
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    put: (key: string, body: string) => void put(key, body),
    get: (key: string) => latest(key)?.body,
    keys,
    remove: (key: string) => remove(key, null),
    /** The bodies of all versions. */
    everything: () => [...versions.values()].flat().map(({ body }) => body),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusal({ headers }: IncomingMessage, found: Version | undefined) {
  const match = headers['if-match'];
  if (match === undefined) return undefined;
  if (!found) return 'NoSuchKey';
  return match === etagOf(found) ? undefined : 'PreconditionFailed';
}

const etagOf = ({ body }: Version) => `"${createHash('md5').update(body).digest('hex')}"`;

const errorBody = (code: string, resource: string) =>
  `<Error><Code>${code}</Code><Message>${code}</Message><Resource>${escaped(resource)}</Resource></Error>`;
