import type { Response } from 'express';

/** Tells where the list goes on (RFC 8288). The address is relative to the host: a proxy may have another name. */
export function linkNext(res: Response, path: string, query: Record<string, string | number>) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  res.set('Link', `<${path}?${search}>; rel="next"`);
}
