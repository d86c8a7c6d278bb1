import { setTimeout as sleep } from 'node:timers/promises';
import { conversationUuid } from '@parley/core/conversations/uuids';
import type { CallOf } from './history.ts';
import type { LiveView } from './live-view.ts';
import type { Random } from './random.ts';

/** A conversation of the campaign. Only the `owner`, who never leaves, adds, removes and promotes members. */
export type Conversation = { uuid: string; owner: string | undefined; pair: [string, string] | undefined };

const directConversations = 8;
const groupConversations = 12;
const maxConversations = 40;
const meanThinkMs = 900;

const weights = {
  send: 58,
  'mark-read': 12,
  history: 6,
  inbox: 5,
  repeat: 6,
  member: 4,
  role: 2,
  rename: 1,
  create: 1,
  settings: 4,
  'sign-out': 1,
  stranger: 3,
};

export type Actor = { view: LiveView; random: Random };

/** Plans direct conversations, which their first message creates, and creates groups. */
export async function setUp(actors: Actor[], random: Random): Promise<Conversation[]> {
  const conversations: Conversation[] = [];
  const people = random.shuffled(actors);
  for (let index = 0; index < directConversations; index += 1) {
    const pair = people.slice(2 * index, 2 * index + 2).map(({ view }) => view.identity.uuid);
    conversations.push(direct(pair as [string, string]));
  }
  const groups = Array.from({ length: groupConversations }, async () => {
    const [owner, ...others] = random.shuffled(actors).slice(0, random.int(4, 12));
    if (owner) await create(owner, others, conversations);
  });
  await Promise.all(groups);
  return conversations;
}

const direct = (pair: [string, string]): Conversation => ({
  uuid: conversationUuid(...pair),
  owner: undefined,
  pair,
});

async function create({ view, random }: Actor, others: Actor[], conversations: Conversation[]) {
  const answer = await view.asker.ask({
    kind: 'create',
    title: `Group ${random.int(0, 999_999)}`,
    members: others.map((other) => other.view.identity.uuid),
    key: `create-${random.int(0, 2 ** 31 - 1)}`,
  });
  if (answer.outcome !== 'ok' || !answer.result.details) return;
  view.groups.add(answer.result.details.group);
  conversations.push({ uuid: answer.result.details.group, owner: view.identity.uuid, pair: undefined });
}

type Sent = { id: number; call: CallOf<'send'> };

export type Time = {
  /** The elapsed part of the time, above 1 once it is up. */
  progress: () => number;
  /** The percentage of people who erase themselves. They do so early, because an erasure takes at least a minute. */
  erasePercent: number;
};

/** Acts for one person, one action after the other, until the time is up or the person is erased. */
export async function live(
  actor: Actor,
  actors: Actor[],
  conversations: Conversation[],
  { progress, erasePercent }: Time,
): Promise<void> {
  const { view, random } = actor;
  const { uuid: me } = view.identity;
  const erasesAt = random.chance(erasePercent) ? random.int(1, 15) / 100 : Infinity;
  const deeds = createDeeds(actor, actors, conversations);
  while (progress() < 1) {
    await sleep(random.int(0, 2 * meanThinkMs));
    if (progress() > erasesAt) return erase(view);
    const groups = conversations.filter(
      ({ uuid, pair }) => pair?.includes(me) || (!pair && view.groups.has(uuid)),
    );
    if (groups.length > 0 && progress() < 1) await deeds[random.weighted(weights)](random.pick(groups));
  }
}

type Deeds = Record<keyof typeof weights, (group: Conversation) => Promise<unknown>>;

/** The actions of one person in a conversation. */
function createDeeds(actor: Actor, actors: Actor[], conversations: Conversation[]): Deeds {
  const { view, random } = actor;
  const { uuid: me } = view.identity;
  const { ask, repeat } = view.asker;
  const sent: Sent[] = [];
  let number = 0;

  const somebody = () => random.pick(actors).view.identity.uuid;
  const owned = () => conversations.filter(({ owner }) => owner === me);

  return {
    async send({ uuid: group, pair }) {
      number += 1;
      const to = pair?.find((person) => person !== me);
      const call: CallOf<'send'> = {
        kind: 'send',
        group,
        message: `${view.identity.handle} says ${number} ${'x'.repeat(random.chance(10) ? 300 : 0)}`.trim(),
        key: `${view.identity.handle}-${number}`,
        known: view.known(group),
        ...(to && (view.known(group) === 0 || random.chance(50)) && { to }),
      };
      const answer = await ask(call);
      if (answer.outcome === 'ok') sent.push({ id: answer.id, call });
    },
    'mark-read': ({ uuid: group }) => {
      const known = view.known(group);
      if (known === 0) return Promise.resolve();
      const seq = random.chance(70) ? known : random.int(1, known);
      return ask({ kind: 'mark-read', group, seq });
    },
    history: ({ uuid: group }) =>
      ask({ kind: 'history', group, after: random.int(0, view.known(group)), isLook: true }),
    inbox: () => ask({ kind: 'inbox' }),
    async repeat() {
      const earlier = sent.length > 0 ? random.pick(sent) : undefined;
      if (earlier) await repeat(earlier.id, earlier.call);
    },
    async member({ uuid, owner, pair }) {
      const group = owned()[0]?.uuid;
      if (group && random.chance(70)) {
        const member = somebody();
        if (member !== me) await ask({ kind: random.chance(60) ? 'add' : 'remove', group, member });
      } else if (!pair && owner !== me && random.chance(30)) {
        const answer = await ask({ kind: 'remove', group: uuid, member: me });
        if (answer.outcome === 'ok') view.groups.delete(uuid);
      }
    },
    async role() {
      const group = owned()[0]?.uuid;
      const member = somebody();
      const role = random.pick(['admin', 'member'] as const);
      if (group && member !== me) await ask({ kind: 'role', group, member, role });
    },
    async rename() {
      const group = owned()[0]?.uuid;
      if (group) await ask({ kind: 'rename', group, title: `Renamed ${random.int(0, 999_999)}` });
    },
    settings: ({ uuid: group }) => {
      const value = random.chance(60);
      return ask({ kind: 'settings', group, ...(random.chance(50) ? { muted: value } : { hidden: value }) });
    },
    'sign-out': () => signOut(view),
    async create() {
      const others = random.shuffled(actors.filter((other) => other !== actor)).slice(0, random.int(1, 6));
      if (conversations.length < maxConversations) await create(actor, others, conversations);
    },
    stranger: () => ask({ kind: 'history', group: random.pick(conversations).uuid, after: 0, isLook: true }),
  };
}

/** Ends every session of a person and starts a new one. The person's other requests wait until then. */
async function signOut({ identity, asker }: LiveView) {
  identity.isSigningOut = true;
  const { outcome, attempts } = await asker.ask({ kind: 'sign-out', token: identity.tokens.length });
  if (outcome !== 'ok' || attempts > 1) {
    identity.mayBeSignedOut = true;
    // A token issued in the same second as the sign-out counts as older than it.
    await sleep(1_100);
  }
  await identity.renew();
  identity.isSigningOut = false;
}

async function erase({ identity, asker, stop }: LiveView) {
  // An erasure requires a fresh sign-in.
  await identity.renew();
  identity.isErased = true;
  await asker.ask({ kind: 'erase', token: identity.tokens.length });
  stop();
}
