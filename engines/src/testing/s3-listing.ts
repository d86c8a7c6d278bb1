import type { Bucket } from './s3-bucket.ts';

type Listed = { name: string; bucket: Bucket; keysPerPage: number };

/** Answers ListObjectsV2, a page of keys at a time. */
export function list(query: URLSearchParams, { name, bucket: { keys }, keysPerPage }: Listed) {
  const [prefix, after] = [query.get('prefix') ?? '', query.get('continuation-token') ?? ''];
  const found = keys().filter((key) => key.startsWith(prefix) && key > after);
  const page = found.slice(0, keysPerPage);
  const contents = page.map((key) => `<Contents><Key>${escaped(key)}</Key></Contents>`).join('');
  const next =
    found.length > page.length
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
  return `<ListBucketResult><Name>${name}</Name><KeyCount>${page.length}</KeyCount>${next}${contents}</ListBucketResult>`;
}

/** Lists versions by key, the newest version of each key first. */
export function listVersions(query: URLSearchParams, { name, bucket, keysPerPage }: Listed) {
  const { versions, latest } = bucket;
  const prefix = query.get('prefix') ?? '';
  const all = [...versions.keys()]
    .sort()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => (versions.get(key) ?? []).toReversed().map(({ id }) => ({ key, id })));
  const [markerKey, markerId] = [query.get('key-marker'), query.get('version-id-marker')];
  const from = all.findIndex(
    ({ key, id }) => markerKey !== null && (key > markerKey || (key === markerKey && id < (markerId ?? ''))),
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
  return `<ListVersionsResult><Name>${name}</Name>${next}${shown.join('')}</ListVersionsResult>`;
}

export const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
