import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
let api: Awaited<ReturnType<World['node']>>;
beforeAll(async () => {
  world = await createWorld();
  api = await world.node({ MESSAGE_MAX_CHARS: '77' });
});
afterAll(() => world.close());

describe('the OpenAPI document', () => {
  it('describes every route, with the limits of this server', async () => {
    const { status, body } = await api.get('/api/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toBe('3.1.0');
    const operations = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual(
      [
        'GET /api/activities/@{handle}',
        'GET /api/activities/home',
        'GET /api/activities/notifications',
        'GET /api/client-config',
        'GET /api/handles/{handle}',
        'GET /api/health-check',
        'GET /api/message_groups',
        'POST /api/message_groups',
        'GET /api/message_groups/{uuid}',
        'PUT /api/message_groups/{uuid}',
        'POST /api/message_groups/{uuid}/members',
        'DELETE /api/message_groups/{uuid}/members/{handle}',
        'PUT /api/message_groups/{uuid}/members/{handle}',
        'PUT /api/message_groups/{uuid}/read',
        'PUT /api/message_groups/{uuid}/settings',
        'POST /api/messages',
        'GET /api/messages/{message_group_uuid}',
        'GET /api/openapi.json',
        'GET /api/profile',
        'GET /api/profile/export',
        'DELETE /api/profile',
        'POST /api/profile/update',
        'PUT /api/profile/update',
        'GET /api/ready',
        'POST /api/sign-out',
        'GET /api/users',
        'GET /api/users/@{handle}/short',
      ].sort(),
    );
    const { schemas } = body.components;
    expect(schemas.Send).toMatchObject({ required: ['message'], properties: { message: { maxLength: 77 } } });
    expect(JSON.stringify(body)).toContain('message_exceed_max_chars_77');
    const open = [
      'client-config',
      'health-check',
      'ready',
      'openapi.json',
      'activities/@{handle}',
      'handles/{handle}',
    ].map((name) => `/api/${name}`);
    for (const [path, methods] of Object.entries<Record<string, { security: unknown[] }>>(body.paths)) {
      for (const { security } of Object.values(methods))
        expect(security.length === 0).toBe(open.includes(path));
    }
  });

  it('names every operation, once, as a verb and a noun', async () => {
    const { paths } = (await api.get('/api/openapi.json')).body;
    const operations = Object.values<Record<string, { operationId: string }>>(paths).flatMap((methods) =>
      Object.values(methods),
    );
    const names = operations.map(({ operationId }) => operationId);
    for (const name of names)
      expect(name).toMatch(
        /^(get|list|search|send|create|rename|update|change|add|remove|mark|export|erase|check|sign)[A-Z]\w+$/,
      );
    expect(new Set(names).size).toBe(names.length);
  });

  it('is shown as a page without inline scripts', async () => {
    const page = await fetch(`${api.url}/api/docs`);
    expect(page.status).toBe(200);
    const policy = page.headers.get('Content-Security-Policy');
    expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self';");
    // The page shares its origin with the tokens that the chat stores.
    expect(policy).not.toMatch(/unsafe|https:|\*/);
    expect((await fetch(`${api.url}/api/openapi.json`)).headers.get('Content-Security-Policy')).toBe(
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    );
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)[^>]*>|<style| style=| on\w+=/);
    for (const [, asset] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const response = await fetch(`${api.url}${asset}`);
      expect([asset, response.status, (await response.text()).length > 50]).toEqual([asset, 200, true]);
    }
    expect((await fetch(`${api.url}/api/docs/package.json`)).status).toBe(404);
    expect((await fetch(`${api.url}/api/docs/..%2fpackage.json`)).status).toBe(404);
  });
});
