import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Version = { id: string; body: string };

/**
 * A bucket that speaks the calls of S3 which Parley makes (ListObjectsV2 and ListObjectVersions in small pages,
 * GetObject, PutObject with If-Match, DeleteObject), path style. s3rver, the field's server for tests, has had no
 * release since 2021, and keeps no versions.
 */
export async function startS3Server(bucket: string, { keysPerPage = 2, keepsVersions = false } = {}) {
  /** The newest version last. */
  const versions = new Map<string, Version[]>();
  /** Without their newest version: what S3 hides behind a delete marker. */
  const deleted = new Set<string>();
  let writes = 0;

  const latest = (key: string) => (deleted.has(key) ? undefined : versions.get(key)?.at(-1));
  const keys = () => [...versions.keys()].filter(latest).sort();

  function put(key: string, body: string): Version {
    writes += 1;
    const version = { id: keepsVersions ? `v${String(writes).padStart(9, '0')}` : 'null', body };
    versions.set(key, [...(keepsVersions ? (versions.get(key) ?? []) : []), version]);
    deleted.delete(key);
    return version;
  }

  function remove(key: string, id: string | null) {
    if (id === null && keepsVersions) return void deleted.add(key);
    const left = (versions.get(key) ?? []).filter((version) => id !== null && version.id !== id);
    if (left.length > 0) versions.set(key, left);
    else versions.delete(key);
  }

  const server = createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const [, name = '', ...path] = pathname.split('/');
    const key = decodeURIComponent(path.join('/'));
    const xml = (status: number, body: string) =>
      res.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
    if (name !== bucket) return xml(404, errorBody('NoSuchBucket', name));
    if (req.method === 'GET' && key === '')
      return xml(200, searchParams.has('versions') ? listVersions(searchParams) : list(searchParams));
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

  function list(query: URLSearchParams) {
    const [prefix, after] = [query.get('prefix') ?? '', query.get('continuation-token') ?? ''];
    const found = keys().filter((key) => key.startsWith(prefix) && key > after);
    const page = found.slice(0, keysPerPage);
    const contents = page.map((key) => `<Contents><Key>${escaped(key)}</Key></Contents>`).join('');
    const next =
      found.length > page.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>`
        : '<IsTruncated>false</IsTruncated>';
    return `<ListBucketResult><Name>${bucket}</Name><KeyCount>${page.length}</KeyCount>${next}${contents}</ListBucketResult>`;
  }

  /** By key, and of a key the newest first. */
  function listVersions(query: URLSearchParams) {
    const prefix = query.get('prefix') ?? '';
    const all = [...versions.keys()]
      .sort()
      .filter((key) => key.startsWith(prefix))
      .flatMap((key) => (versions.get(key) ?? []).toReversed().map(({ id }) => ({ key, id })));
    const [markerKey, markerId] = [query.get('key-marker'), query.get('version-id-marker')];
    const from = all.findIndex(
      ({ key, id }) =>
        markerKey !== null && (key > markerKey || (key === markerKey && id < (markerId ?? ''))),
    );
    const rest = markerKey === null ? all : from < 0 ? [] : all.slice(from);
    const page = rest.slice(0, keysPerPage);
    const shown = page.map(
      ({ key, id }) =>
        `<Version><Key>${escaped(key)}</Key><VersionId>${id}</VersionId><IsLatest>${latest(key)?.id === id}</IsLatest></Version>`,
    );
    const last = page.at(-1);
    const next =
      rest.length > page.length && last
        ? `<IsTruncated>true</IsTruncated><NextKeyMarker>${escaped(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.id}</NextVersionIdMarker>`
        : '<IsTruncated>false</IsTruncated>';
    return `<ListVersionsResult><Name>${bucket}</Name>${next}${shown.join('')}</ListVersionsResult>`;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    put: (key: string, body: string) => void put(key, body),
    get: (key: string) => latest(key)?.body,
    keys,
    remove: (key: string) => remove(key, null),
    /** What any version of anything holds. */
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

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
