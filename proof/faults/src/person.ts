import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenSocket } from '@parley/client/live/open-socket';
import type { Answer, Call, Recorder } from './history.ts';
import type { Random } from './random.ts';
import {
  type Attempt,
  attemptHttp,
  attemptSocket,
  type Directory,
  type Identity,
  tokenOf,
} from './requests.ts';

export type PersonOptions = {
  identity: Identity;
  nodes: Record<string, string>;
  random: Random;
  recorder: Recorder;
  directory: Directory;
};

const abortPercent = 2;
const retryMs = 100;

/**
 * Sends requests as a persistent client: retries each on either node until it is answered, or until `giveUp` is called.
 * Records the calls and their answers.
 */
export function createAsker({ identity, nodes, random, recorder, directory }: PersonOptions) {
  let socket: OpenSocket | undefined;
  let isOver = false;

  /** One attempt and its token: a socket keeps the token that it was opened with. */
  function attempt(call: Call): { token: string; made: Promise<Attempt> } {
    if (socket && call.kind === 'send' && random.chance(50))
      return { token: socket.token, made: attemptSocket(socket, call, directory) };
    const token = tokenOf(identity);
    const node = nodes[random.pick(Object.keys(nodes))] ?? '';
    const abortAfterMs = random.chance(abortPercent) ? random.int(1, 40) : undefined;
    return { token, made: attemptHttp(node, token, call, directory, abortAfterMs) };
  }

  /** Whether a refusal is temporary: caused by the person's own sign-out or by a jump of a clock. */
  async function isTemporary(call: Call, codes: string[], token: string): Promise<boolean> {
    if (codes.includes('fresh_sign_in_required')) return true;
    if (!codes.includes('generic_401') || identity.isErased || call.kind === 'sign-out') return false;
    if (identity.isSigningOut || tokenOf(identity) !== token) return true;
    if (identity.mayBeSignedOut) await identity.renew();
    return identity.mayBeSignedOut;
  }

  async function untilAnswered(call: Call): Promise<Answer> {
    let isSure = true;
    for (let attempts = 1; ; attempts += 1) {
      const { token, made } = attempt(call);
      const answer = await orAgain(await made, call, token);
      if (answer.is === 'ok') return { outcome: 'ok', result: answer.result, attempts };
      if (answer.is === 'refused')
        return { outcome: 'refused', status: answer.status, codes: answer.codes, isSure, attempts };
      if (answer.isUnknown) isSure = false;
      if (isOver) return { outcome: 'unknown', attempts };
      await sleep(answer.waitMs * (0.5 + random.int(0, 1_000) / 1_000));
    }
  }

  async function orAgain(answer: Attempt, call: Call, token: string): Promise<Attempt> {
    if (answer.is !== 'refused' || !(await isTemporary(call, answer.codes, token))) return answer;
    return { is: 'again', isUnknown: false, waitMs: retryMs };
  }

  return {
    use(live: OpenSocket | undefined) {
      socket = live;
    },
    /** Stops all retries. */
    giveUp() {
      isOver = true;
    },
    async ask(call: Call): Promise<Answer & { id: number }> {
      const id = recorder.nextId();
      const person = identity.uuid;
      recorder.put({ type: 'call', atMs: recorder.nowMs(), id, person, call });
      const answer = await untilAnswered(call);
      recorder.put({ type: 'answer', atMs: recorder.nowMs(), id, person, answer });
      return { ...answer, id };
    },
    /** Repeats an answered call once. */
    async repeat(id: number, call: Call) {
      const answer = await untilAnswered(call);
      recorder.put({ type: 'repeat', atMs: recorder.nowMs(), id, person: identity.uuid, answer });
    },
  };
}
