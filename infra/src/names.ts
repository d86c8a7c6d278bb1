/** Ports inside the network. */
export const ports = { api: 4567, delivery: 4570, metrics: 4574, postgres: 5432 };

/** The Postgres role of the API and the Lambdas. It has no password. */
export const databaseRole = 'parley';
export const databaseName = 'parley';

/** The namespace of metrics that filters make from the API's log lines. */
export const metricNamespace = 'Parley';

/**
 * CloudFront sends a secret in this header. The load balancer refuses requests without it, which bypassed the firewall.
 */
export const edgeHeader = 'X-Parley-Edge';
