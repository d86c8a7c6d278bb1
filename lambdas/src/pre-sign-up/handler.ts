import { setTimeout as sleep } from 'node:timers/promises';
import { isHandle } from '@parley/contract/handles';
import * as users from '@parley/core/people/users';
import type { PreSignUpTriggerEvent } from 'aws-lambda';
import type { Pool } from 'pg';
import type { Lines } from '../lines.ts';

/** Thrown for the person who signs up: the user pool passes the words on. Nobody else has to act. */
export class SignUpRefused extends Error {
  override name = 'SignUpRefused';
}

/** Cognito waits five seconds, a start of the function included. */
const waitMsDefault = 1_500;

/**
 * Refuses a sign-up with a handle that the person could not have, before the account exists. Who gives none gets one
 * later. Where Postgres does not answer in time the sign-up passes: a handle that is taken is then replaced by a derived one.
 */
export function createHandler(pool: Pool, logger?: Lines, waitMs = waitMsDefault) {
  return async (event: PreSignUpTriggerEvent): Promise<PreSignUpTriggerEvent> => {
    const handle = event.request.userAttributes.preferred_username?.trim();
    if (event.triggerSource !== 'PreSignUp_SignUp' || !handle) return event;
    if (!isHandle(handle))
      throw new SignUpRefused(
        'handle_invalid: a handle is 1 to 30 letters, digits, dots, dashes or lines, one of them a letter or digit',
      );
    if (await isTaken(handle)) throw new SignUpRefused('handle_taken: choose another handle');
    return event;
  };

  async function isTaken(handle: string): Promise<boolean> {
    const waiting = new AbortController();
    const late = sleep(waitMs, undefined, { signal: waiting.signal }).then(() => {
      throw new Error(`Postgres did not answer within ${waitMs} ms`);
    });
    try {
      return !(await Promise.race([users.isAvailable(pool, handle), late]));
    } catch (err) {
      logger?.warn({ err }, 'a handle was not looked up before a sign-up');
      return false;
    } finally {
      waiting.abort();
      late.catch(() => {});
    }
  }
}
