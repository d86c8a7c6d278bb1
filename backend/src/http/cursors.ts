import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { z } from '@parley/contract/zod';
import { AppError } from '@parley/core/errors';

export type Cursors = ReturnType<typeof createCursors>;

/** The route with its parameters, and the caller. A cursor is invalid in any other scope. */
export type CursorScope = readonly string[];

/**
 * Signs the position at which a list continues. The first secret signs and all verify; without secrets, a random one.
 */
export function createCursors(secrets: readonly string[]) {
  const keys = secrets.length > 0 ? secrets : [randomBytes(32)];
  const [signingKey = ''] = keys;

  return {
    seal(scope: CursorScope, position: unknown): string {
      const text = JSON.stringify(position);
      const signature = sign(signingKey, scope, text);
      return `${Buffer.from(text).toString('base64url')}.${signature.toString('base64url')}`;
    },

    /** The position in a cursor. Throws `cursor_invalid`. */
    open<S extends z.ZodType>(scope: CursorScope, cursor: string, position: S): z.output<S> {
      const [encoded = '', signature = ''] = cursor.split('.');
      const text = Buffer.from(encoded, 'base64url').toString();
      const given = Buffer.from(signature, 'base64url');
      const isOurs = keys.some((key) => isEqual(sign(key, scope, text), given));
      const parsed = isOurs ? position.safeParse(JSON.parse(text)) : undefined;
      if (!parsed?.success) throw new AppError('cursor_invalid');
      return parsed.data;
    },
  };
}

const sign = (key: string | Buffer, scope: CursorScope, text: string) =>
  createHmac('sha256', key)
    .update(JSON.stringify([scope, text]))
    .digest();

const isEqual = (one: Buffer, other: Buffer) => one.length === other.length && timingSafeEqual(one, other);
