import { ApiError } from '@parley/client/api/errors';

/**
 * The progress of an account's deletion. While it is `asked`, the answer decides what an end of the session means, because
 * the server may end the session first. It is `unclear` if no answer came.
 */
export type Deletion = 'none' | 'asked' | 'unclear' | 'done';

export const farewells: Record<Deletion, string> = {
  none: '',
  asked: '',
  unclear:
    'You were signed out before the deletion was confirmed. If you can sign in, your account is still there.',
  done: 'Your account is deleted. Your name and your messages disappear for everybody within seconds.',
};

/** The server did nothing. A refused token may be the result of an earlier try, so it does not count. */
export const isRefusal = (error: unknown) =>
  error instanceof ApiError && ['busy', 'rate_limited'].includes(error.codes[0] ?? '');
