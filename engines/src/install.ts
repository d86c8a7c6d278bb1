import { installDynoxide, platform } from './dynoxide-binary.ts';
import { makePgliteTemplate } from './pglite-template.ts';

/** Installs what npm ci cannot: the DynamoDB API of this platform, and a fresh database to copy. */
async function install() {
  const { AWS_ENDPOINT_URL_DYNAMODB: endpoint, DYNAMODB_LOCAL_JAR: jar } = process.env;
  if (!endpoint && !jar && !installDynoxide())
    console.log(`npm has no dynoxide for ${platform}, so bin/start looks for DynamoDB Local instead.`);
  if (!process.env.DATABASE_URL) await makePgliteTemplate();
}

install().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
