import * as users from '@parley/core/people/users';
import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import type { Pool } from 'pg';
import type { Lines } from '../lines.ts';

/**
 * Inserts the person of a confirmed sign-up and returns the event. A repeat finds the person by `sub` and changes
 * nothing. If it fails, the user pool retries; if all retries fail, the person's first request inserts them.
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
