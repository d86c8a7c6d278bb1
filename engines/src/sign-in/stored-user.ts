import type { Verifier } from './srp.ts';

export type Attribute = { Name: string; Value?: string };
export type CodePurpose = 'sign-up' | 'new-password';
/** A sign-in that can still be refreshed. It stores the hash of the refresh token; times are in seconds. */
export type Session = { id: string; tokenHash: string; authTime: number; expires: number };

/** A person as cognito-local stores them, with our own fields. */
export type StoredUser = {
  Username: string;
  Attributes: Attribute[];
  Enabled: boolean;
  UserStatus: string;
  UserCreateDate: Date;
  UserLastModifiedDate: Date;
  /** Set by cognito-local's own operations. It never reaches the store: see `withoutPassword` in user-store.ts. */
  Password?: string | undefined;
  Verifier?: Verifier | undefined;
  Code?: { value: string; purpose: CodePurpose; expires: number } | undefined;
  Sessions?: Session[];
};

export const nowSeconds = () => Math.floor(Date.now() / 1_000);

export const attributeOf = ({ Attributes }: StoredUser, name: string) =>
  Attributes.find(({ Name }) => Name === name)?.Value;

export const withAttribute = ({ Attributes }: StoredUser, Name: string, Value: string): Attribute[] => [
  ...Attributes.filter((attribute) => attribute.Name !== Name),
  { Name, Value },
];
