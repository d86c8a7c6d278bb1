import { setTimeout as sleep } from 'node:timers/promises';
import { isHandle } from '@parley/contract/handles';
import * as users from '@parley/core/people/users';
import type { PreSignUpTriggerEvent } from 'aws-lambda';
import type { Pool } from 'pg';
import type { Lines } from '../lines.ts';

/** An answer to the person who signs up: the user pool returns the message to the client. */
export class SignUpRefused extends Error {
  override name = 'SignUpRefused';
}

/** The longest wait for Postgres. Cognito waits five seconds, including the start of the function. */
const waitMsDefault = 1_500;

/**
 * Refuses a sign-up whose handle is invalid or taken, before the account exists. A sign-up without a handle passes, and
 * gets a derived one later. If Postgres does not answer in time, the sign-up passes too; if its handle is taken, it
 * also gets a derived one.
 */
export function createHandler(pool: Pool, logger?: Lines, waitMs = waitMsDefault) {
  return async (event: PreSignUpTriggerEvent): Promise<PreSignUpTriggerEvent> => {
    const handle = event.request.userAttributes.preferred_username?.trim();
    if (event.triggerSource !== 'PreSignUp_SignUp' || !handle) return event;
    if (!isHandle(handle))
      throw new SignUpRefused(
        'handle_invalid: a handle is 1 to 30 letters, digits, dots, dashes or underscores, at least one of them a letter or digit',
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
      logger?.warn({ err }, 'a sign-up was let through without a check of its handle');
      return false;
    } finally {
      waiting.abort();
      late.catch(() => {});
    }
  }
}
