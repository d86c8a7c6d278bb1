import { dynoxideBinary } from './dynoxide-binary.ts';
import { makePgliteTemplate } from './pglite-template.ts';

/** What npm ci cannot bring: the DynamoDB API of this platform, and a fresh database to copy. */
async function install() {
  if (!process.env.AWS_ENDPOINT_URL_DYNAMODB) dynoxideBinary();
  if (!process.env.DATABASE_URL) await makePgliteTemplate();
}

install().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
