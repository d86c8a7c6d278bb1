import { loadConfig } from '@parley/config/config';
import { seedPeople } from '../../dev/src/seed.ts';
import { run } from './connect.ts';

await run(async () => {
  const people = await seedPeople(loadConfig(process.env));
  console.log(`People: ${[...people.values()].map(({ handle }) => handle).join(', ')}`);
  return 0;
});
