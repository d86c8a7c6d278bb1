import { loadConfig } from '@parley/config/config';
import { seedConversations, seedPeople } from '../../dev/src/seed.ts';
import { run } from './connect.ts';

await run(async () => {
  const config = loadConfig(process.env);
  await seedConversations(config, await seedPeople(config));
  console.log(`Conversations are in ${config.DDB_MESSAGE_TABLE}`);
  return 0;
});
