import { writeFileSync } from 'node:fs';
import { dumpSchema } from '@parley/engines/schema-dump';

writeFileSync('db/schema.sql', await dumpSchema());
console.log('Wrote db/schema.sql');
