import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const freshMs = 5 * 60_000;

/**
 * A secret of Secrets Manager, read again every five minutes, so that a container follows a rotation. While Secrets
 * Manager is away the value that is known stays in use; without one it rejects.
 */
export function createSecret(client: SecretsManagerClient, arn: string) {
  let known: { value: string; atMs: number } | undefined;

  async function read(): Promise<string> {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (!SecretString) throw new Error(`the secret ${arn} is empty`);
    return SecretString;
  }

  return async function value(): Promise<string> {
    if (known && performance.now() - known.atMs < freshMs) return known.value;
    try {
      known = { value: await read(), atMs: performance.now() };
    } catch (error) {
      if (!known) throw error;
      known.atMs = performance.now();
    }
    return known.value;
  };
}
