import { loadConfig } from '@parley/config/config';
import { run } from './connect.ts';
import { seedPeople } from './seed.ts';

await run(async () => {
  const people = await seedPeople(loadConfig(process.env));
  console.log(`People: ${[...people.values()].map(({ handle }) => handle).join(', ')}`);
  return 0;
});
