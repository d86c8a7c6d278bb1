export type Version = { id: string; body: string };
export type Bucket = ReturnType<typeof createBucket>;

/** The objects of a bucket, with their versions if it keeps them. */
export function createBucket(keepsVersions: boolean) {
  /** The versions of each key, the newest last. */
  const versions = new Map<string, Version[]>();
  /** Keys that S3 would hide behind a delete marker. */
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

  return { versions, latest, keys, put, remove };
}
