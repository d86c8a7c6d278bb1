import { loadConfig } from '@parley/config/config';
import { seedPeople } from './seed.ts';

const people = await seedPeople(loadConfig(process.env));
console.log(`People: ${[...people.values()].map(({ handle }) => handle).join(', ')}`);
