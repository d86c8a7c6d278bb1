import { createHash, randomBytes } from 'node:crypto';
import type { SignIn } from './operation.ts';
import type { Verifier } from './srp.ts';
import type { StoredUser } from './stored-user.ts';

/** A secret of this process. Whoever knew it could tell which names exist. */
const secret = randomBytes(32);

export type Somebody = { user: StoredUser | undefined; username: string; verifier: Verifier };

/**
 * Finds a person. For a name that nobody has it returns an id and a salt that are always the same for the name, and a
 * verifier that matches no password.
 */
export async function somebody({ users }: SignIn, name: string): Promise<Somebody> {
  const user = await users.find(name);
  if (user?.Verifier) return { user, username: user.Username, verifier: user.Verifier };
  const hash = createHash('sha256').update(secret).update(name.toLowerCase()).digest();
  const hex = hash.toString('hex');
  const username = [8, 12, 16, 20, 32]
    .map((end, index) => hex.slice([0, 8, 12, 16, 20][index], end))
    .join('-');
  const salt = hash.subarray(16).toString('hex').replace(/^0+/, '');
  return { user: undefined, username, verifier: { salt, verifier: randomBytes(383).toString('hex') } };
}
