import { loadConfig } from '@parley/config/config';
import { seedConversations, seedPeople } from './seed.ts';

const config = loadConfig(process.env);
await seedConversations(config, await seedPeople(config));
console.log(`Conversations are in ${config.DDB_MESSAGE_TABLE}`);
