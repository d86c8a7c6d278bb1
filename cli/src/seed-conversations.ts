import { loadConfig } from '@parley/config/config';
import { run } from './connect.ts';
import { seedConversations, seedPeople } from './seed.ts';

await run(async () => {
  const config = loadConfig(process.env);
  await seedConversations(config, await seedPeople(config));
  console.log(`Conversations are in ${config.DDB_MESSAGE_TABLE}`);
  return 0;
});
