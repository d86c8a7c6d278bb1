import * as users from '@parley/core/people/users';
import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import type { Pool } from 'pg';
import type { Lines } from '../lines.ts';

/**
 * Makes the person of a confirmed sign-up. A second delivery finds them by their sub and changes nothing. Where it
 * fails, the user pool tries again, and in the end the person's first request does the same.
 */
export function createHandler(pool: Pool, logger?: Lines) {
  return async (event: PostConfirmationTriggerEvent): Promise<PostConfirmationTriggerEvent> => {
    if (event.triggerSource !== 'PostConfirmation_ConfirmSignUp') return event;
    const { sub, preferred_username, name, email } = event.request.userAttributes;
    if (!sub) throw new Error('The event has no sub');
    const { uuid, email: stored } = await users.insertFromSignUp(pool, {
      sub,
      preferredUsername: preferred_username,
      name,
      email,
    });
    if (email && !stored) logger?.warn({ uuid, sub }, 'e-mail left out: it belongs to another person');
    return event;
  };
}
