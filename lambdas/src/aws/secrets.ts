import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const maxAgeMs = 5 * 60_000;

/**
 * A secret of Secrets Manager. It is read again every five minutes, so that a container follows a rotation. If Secrets
 * Manager does not answer, the last value stays in use; if there is none, the read rejects.
 */
export function createSecret(client: SecretsManagerClient, arn: string) {
  let last: { value: string; atMs: number } | undefined;

  async function read(): Promise<string> {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (!SecretString) throw new Error(`the secret ${arn} is empty`);
    return SecretString;
  }

  return async function value(): Promise<string> {
    if (last && performance.now() - last.atMs < maxAgeMs) return last.value;
    try {
      last = { value: await read(), atMs: performance.now() };
    } catch (error) {
      if (!last) throw error;
      last.atMs = performance.now();
    }
    return last.value;
  };
}
