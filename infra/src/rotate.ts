import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { root } from './bundles.ts';
import { nextSecrets, type Step, steps } from './secrets.ts';
import { readSettings } from './settings.ts';

// rotate.ts delivery|cursors add|switch|drop: takes one step, and prints what must happen before the next.
const [which = '', step = ''] = process.argv.slice(2);
const isStep = (value: string): value is Step => (steps as readonly string[]).includes(value);
if (!['delivery', 'cursors'].includes(which) || !isStep(step)) {
  process.stderr.write('usage: bin/aws/rotate delivery|cursors add|switch|drop\n');
  process.exit(1);
}
const { name, region } = readSettings(join(root, 'infra/settings.json'));
const client = new SecretsManagerClient({ region });
const SecretId = `${name}/${which}`;
const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
const next = nextSecrets(SecretString, step, randomBytes(48).toString('base64url'));
await client.send(new PutSecretValueCommand({ SecretId, SecretString: next }));
const after = {
  add: 'then: bin/aws/rotate',
  switch:
    'then wait until signatures of the old secret have expired (deliveries: 5 minutes; cursors: a day), and',
  drop: 'That was the last step.',
};
process.stdout.write(
  `${SecretId}: ${step} done. Restart every task (the Lambda reads the secret within 5 minutes):
  aws ecs update-service --region ${region} --cluster ${name} --service api --force-new-deployment
  aws ecs wait services-stable --region ${region} --cluster ${name} --services api
${after[step]}
`,
);
