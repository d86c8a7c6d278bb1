/* Servers that are meant for one machine answer programs on this machine, but no web pages. */

export function isLoopbackName(hostname: string): boolean {
  return ['localhost', '[::1]', '::1'].includes(hostname) || /^127(\.\d+){3}$/.test(hostname);
}

type Headers = Record<string, string | string[] | undefined>;

export type LoopbackRules = {
  /** Web pages of these origins are allowed. */
  origins?: readonly string[];
  /** The address that the server is bound to. If it is not a loopback address, `Host` is not checked. */
  boundTo?: string;
};

/**
 * The reason to refuse a request, or undefined if it is allowed. A web page sends its `Origin`, or, if its own name
 * resolves to this machine (DNS rebinding), that name as `Host`.
 */
export function refusalOf(
  headers: Headers,
  { origins = [], boundTo = '127.0.0.1' }: LoopbackRules = {},
): string | undefined {
  const { host, origin } = headers;
  const isNamed = typeof host === 'string' && isLoopbackName(hostnameOf(host));
  if (isLoopbackName(boundTo) && !isNamed) return 'the host is not this machine';
  if (origin !== undefined && !origins.includes(String(origin)))
    return 'pages of this origin are not allowed';
  return undefined;
}

const hostnameOf = (host: string) => /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase())?.[1] ?? '';
