import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createWorld, type TestPerson, type World } from './testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let [ada, eve]: TestPerson[] = [];
let [uuid, ownUuid] = ['', ''];
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  [ada, eve] = [await world.person('ada'), await world.person('eve')];
  await world.person('ben');
  const create = (as: TestPerson | undefined) =>
    api.post('/api/message_groups', { as, body: { title: 'Group', handles: ['ben'] } });
  [uuid, ownUuid] = [(await create(ada)).body.uuid, (await create(eve)).body.uuid];
});
afterAll(() => world.close());

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    "'; DROP TABLE users; --",
    '__proto__',
    'ada',
    'ben',
    'nobody',
  ),
);
const value = fc.oneof(text, fc.jsonValue(), fc.integer(), fc.double(), fc.array(text), fc.constant(null));
const fields = [
  'message',
  'message_group_uuid',
  'handle',
  'known_seq',
  'title',
  'handles',
  'role',
  'seq',
  'bio',
];
const body = fc.oneof(value, fc.dictionary(fc.constantFrom(...fields, 'display_name', 'user_uuid'), value));
const segment = fc
  .oneof(text, fc.constantFrom('ada', 'ben'))
  .map((part) => encodeURIComponent(part.toWellFormed()).replace(/^\.*$/, 'x'));
const query = fc.dictionary(fc.constantFrom('limit', 'cursor', 'search', 'before_seq', 'after_seq'), text);

const writes = fc.constantFrom<[method: string, template: string][]>(
  ['POST', '/api/messages'],
  ['POST', '/api/message_groups'],
  ['PUT', '/api/profile/update'],
  ['PUT', '/api/message_groups/UUID'],
  ['PUT', '/api/message_groups/UUID/read'],
  ['POST', '/api/message_groups/UUID/members'],
  ['PUT', '/api/message_groups/UUID/members/HANDLE'],
  ['DELETE', '/api/message_groups/UUID/members/HANDLE'],
);
const reads = fc.constantFrom(
  '/api/message_groups',
  '/api/message_groups/UUID',
  '/api/messages/UUID',
  '/api/users',
  '/api/users/@HANDLE/short',
  '/api/handles/HANDLE',
);

describe('random input', () => {
  it('gets a documented answer and no 500, and a stranger changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        writes,
        body,
        segment,
        fc.boolean(),
        async ([method, template], json, part, isStranger) => {
          const path = template.replace('UUID', isStranger ? uuid : ownUuid).replace('HANDLE', part);
          const { status } = await api.request(method, path, { as: eve, body: json });
          expect(status).toBeLessThan(500);
          if (isStranger && template.includes('UUID')) expect([404, 422]).toContain(status);
        },
      ),
      { numRuns: 200 },
    );
    const { body: history } = await api.get(`/api/messages/${uuid}`, { as: ada });
    expect(history).toMatchObject([{ type: 'group_created' }]);
  });

  it('causes no 500 when it is read back', async () => {
    await fc.assert(
      fc.asyncProperty(reads, segment, query, async (template, part, parameters) => {
        const search = new URLSearchParams();
        for (const [name, each] of Object.entries(parameters)) search.set(name, each.toWellFormed());
        for (const id of [uuid, part]) {
          const path = template.replace('UUID', id).replace('HANDLE', part);
          expect((await api.get(`${path}?${search}`, { as: ada })).status).toBeLessThan(500);
        }
      }),
      { numRuns: 80 },
    );
  });
});
