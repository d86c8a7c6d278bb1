/* Who may talk to a server that is meant for its own machine: programs there, and no page of a browser. */

export function isLoopbackName(hostname: string): boolean {
  return ['localhost', '[::1]', '::1'].includes(hostname) || /^127(\.\d+){3}$/.test(hostname);
}

type Headers = Record<string, string | string[] | undefined>;

export type Door = {
  /** Pages of these origins are let in. */
  origins?: readonly string[];
  /** The address that the server is bound to. Beyond this machine its names are not known. */
  boundTo?: string;
};

/**
 * Why a request is refused; undefined: it is not. A page sends its origin with whatever it may not simply read, and
 * names of its own that lead to this machine are in `Host` (DNS rebinding).
 */
export function refusalOf(
  headers: Headers,
  { origins = [], boundTo = '127.0.0.1' }: Door = {},
): string | undefined {
  const { host, origin } = headers;
  const isNamed = typeof host === 'string' && isLoopbackName(hostnameOf(host));
  if (isLoopbackName(boundTo) && !isNamed) return 'the host is not this machine';
  if (origin !== undefined && !origins.includes(String(origin))) return 'pages of this origin are not let in';
  return undefined;
}

const hostnameOf = (host: string) => /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase())?.[1] ?? '';
