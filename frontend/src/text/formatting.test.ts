import { expect, test } from '@jest/globals';
import { createMemoryStorage } from '@parley/client/storage';
import { createFormatting, storageKey } from './formatting.ts';

const load = () => import('@parley/contract/markdown');
const loaded = async (formatting: ReturnType<typeof createFormatting>) => {
  formatting.blocksOf('**a**');
  while (!formatting.blocksOf('**a**')) await new Promise((resolve) => setTimeout(resolve, 1));
};

test('the parser is loaded when a text needs it, and texts are plain until then', async () => {
  let loads = 0;
  const formatting = createFormatting(createMemoryStorage(), () => {
    loads += 1;
    return load();
  });
  expect([formatting.blocksOf('nothing to mark'), loads]).toEqual([undefined, 0]);
  expect([formatting.blocksOf('**a**'), formatting.plain('**a**'), loads]).toEqual([undefined, '**a**', 1]);
  await loaded(formatting);
  expect(formatting.blocksOf('**a**')).toEqual([
    { kind: 'paragraph', children: [{ kind: 'strong', children: [{ kind: 'text', text: 'a' }] }] },
  ]);
  expect([formatting.plain('for **you**, `a`'), formatting.plain('as it is'), loads]).toEqual([
    'for you, a',
    'as it is',
    1,
  ]);
});

test('a load that failed is tried again', async () => {
  let loads = 0;
  const formatting = createFormatting(createMemoryStorage(), () => {
    loads += 1;
    return loads === 1 ? Promise.reject(new Error('offline')) : load();
  });
  await loaded(formatting);
  expect(loads).toBe(2);
});

test('it can be switched off, which is remembered, and which another tab may do', async () => {
  const storage = createMemoryStorage();
  const formatting = createFormatting(storage, load);
  await loaded(formatting);
  formatting.change(false);
  expect([formatting.isOn(), formatting.blocksOf('**a**'), formatting.plain('**a**')]).toEqual([
    false,
    undefined,
    '**a**',
  ]);
  expect(createFormatting(storage, load).isOn()).toBe(false);
  storage.set(storageKey, 'on');
  formatting.apply();
  expect(formatting.isOn()).toBe(true);
});

test('no mark begins or ends within an address, and code keeps its own', async () => {
  const formatting = createFormatting(createMemoryStorage(), load);
  await loaded(formatting);
  expect(formatting.plain('https://example.org/_a_/_b_ and **www.example.org**')).toBe(
    'https://example.org/_a_/_b_ and www.example.org',
  );
  expect(formatting.plain('`https://example.org/a` **b**')).toBe('https://example.org/a b');
  expect(formatting.plain('_see_ **https://example.org**, *https://example.org*!')).toBe(
    'see https://example.org, https://example.org!',
  );
});

test('no mark hides where an address ends', async () => {
  const formatting = createFormatting(createMemoryStorage(), load);
  await loaded(formatting);
  const texts = [
    'https://bank.pa*ypal.example*',
    'www.bank.co**m.bank.example**',
    '**https://evil.example**.bank.example',
    '*https://evil.example*bank.example',
    '***https://evil.example**.bank.example*',
  ];
  for (const text of texts) expect(formatting.plain(text)).toContain(/(?<=\w)\*+\W*\w/.exec(text)?.[0]);
});

test('a preview parses the beginning of a text alone', async () => {
  const formatting = createFormatting(createMemoryStorage(), load);
  await loaded(formatting);
  expect(formatting.preview('for **you**')).toBe('for you');
  expect(formatting.preview(`**you** ${'- a\n'.repeat(1_900)}`).length).toBeLessThan(500);
});
