import type { Response } from 'express';

/** Sets the link to the next page (RFC 8288). It names no host, because a proxy may have another name. */
export function linkNext(res: Response, path: string, query: Record<string, string | number>) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  res.set('Link', `<${path}?${search}>; rel="next"`);
}
