/** Ports inside the network. */
export const ports = { api: 4567, delivery: 4570, metrics: 4574, postgres: 5432 };

/** The role of Postgres that the API and the Lambdas enter with: it has no password. */
export const databaseRole = 'parley';
export const databaseName = 'parley';

/** Metrics that the API's lines hold (a filter on its log group turns them into metrics). */
export const metricNamespace = 'Parley';

/** CloudFront proves with it that a request has passed the firewall; the load balancer refuses all others. */
export const edgeHeader = 'X-Parley-Edge';
