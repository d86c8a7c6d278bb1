import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusals } from '../testing/refusals.ts';
import { createWorld, type TestPerson, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
let ada: TestPerson;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node();
  ada = await world.person('ada', 'Ada Lovelace');
});
afterAll(() => world.close());

describe('a profile', () => {
  it('is shown to its owner, and needs a token', async () => {
    const { status, body } = await api.get('/api/profile', { as: ada });
    expect(status).toBe(200);
    expect(body).toEqual({
      uuid: ada.uuid,
      handle: 'ada',
      display_name: 'Ada Lovelace',
      tone: ada.tone,
      bio: '',
    });
    expect(await api.get('/api/profile')).toMatchObject({ status: 401, body: ['generic_401'] });
  });

  it.each(['put', 'post'] as const)(
    'is changed by %s without altering the text, and may be changed again',
    async (method) => {
      const body = {
        display_name: ` Ada 👩‍💻 '; drop table users -- ${method} `,
        bio: '<script>alert(1)</script>\u202e\u001b\n',
      };
      for (const _ of [1, 2]) {
        const reply = await api[method]('/api/profile/update', { as: ada, body });
        expect(reply).toMatchObject({ status: 200, body: { uuid: ada.uuid, handle: 'ada', ...body } });
      }
      expect((await api.get('/api/profile', { as: ada })).body).toMatchObject(body);
      expect((await api[method]('/api/profile/update', { body })).status).toBe(401);
    },
  );

  it('keeps the bio if it is missing and clears it if it is empty', async () => {
    await api.put('/api/profile/update', { as: ada, body: { display_name: 'Ada', bio: 'Countess' } });
    for (const body of [{ display_name: 'A' }, { display_name: 'A', bio: null }]) {
      expect((await api.put('/api/profile/update', { as: ada, body })).body.bio).toBe('Countess');
    }
    const cleared = await api.put('/api/profile/update', { as: ada, body: { display_name: 'A', bio: '' } });
    expect(cleared.body.bio).toBe('');
  });

  it.each(
    refusals([
      [{}, ['display_name_blank']],
      [{ display_name: null }, ['display_name_blank']],
      [{ display_name: ' \u2003\u200b\ufeff' }, ['display_name_blank']],
      [{ display_name: 'x'.repeat(61) }, ['display_name_exceed_max_chars_60']],
      [{ display_name: 'x', bio: 'x'.repeat(501) }, ['bio_exceed_max_chars_500']],
      [{ display_name: '\u2800' }, ['display_name_blank']],
      [{ display_name: '\u001f\ufffc' }, ['display_name_blank']],
      [{ display_name: 'x\0' }, ['text_not_well_formed']],
      [{ display_name: 'x\u001b[31m' }, ['text_not_well_formed']],
      [{ display_name: 'x\ny' }, ['text_not_well_formed']],
      [{ display_name: '\u202ex' }, ['text_not_well_formed']],
      [{ display_name: 'x\ud800' }, ['text_not_well_formed']],
      [{ display_name: 'x', bio: 'a\0b' }, ['text_not_well_formed']],
      [{ display_name: 'x', bio: '\udc00' }, ['text_not_well_formed']],
      [{ display_name: 5 }, ['body_invalid']],
      [{ display_name: ['x'] }, ['body_invalid']],
      [{ display_name: 'x', bio: {} }, ['body_invalid']],
      [[], ['body_invalid']],
      [null, ['body_invalid']],
      ['text', ['body_invalid']],
      [{ display_name: '', bio: 'x'.repeat(501) }, ['display_name_blank', 'bio_exceed_max_chars_500']],
    ]),
  )('refuses %s', async (_title, body, codes) => {
    expect(await api.put('/api/profile/update', { as: ada, body })).toMatchObject({
      status: 422,
      body: codes,
    });
  });

  it('accepts a name of 60 and a bio of 500 UTF-16 units', async () => {
    const body = { display_name: '😀'.repeat(30), bio: 'é'.repeat(500) };
    expect(await api.put('/api/profile/update', { as: ada, body })).toMatchObject({ status: 200, body });
  });

  it('belongs to the person of the token, whatever the body says', async () => {
    const eve = await world.person('eve');
    const body = { display_name: 'Eve', uuid: ada.uuid, user_uuid: ada.uuid, handle: 'ada', sub: ada.sub };
    const { body: changed } = await api.put('/api/profile/update', { as: eve, body });
    expect(changed).toMatchObject({ uuid: eve.uuid, handle: 'eve', display_name: 'Eve' });
    expect((await api.get('/api/profile', { as: ada })).body.display_name).not.toBe('Eve');
  });
});
