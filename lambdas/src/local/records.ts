import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';

/** A record of GetRecords in the form in which Lambda hands it over: times in seconds, binary values as base64. */
export function lambdaRecord({ dynamodb, ...record }: _Record, streamArn: string): DynamoDBRecord {
  const { ApproximateCreationDateTime, ...change } = dynamodb ?? {};
  return {
    ...record,
    dynamodb: {
      ...(withBase64(change) as object),
      ...(ApproximateCreationDateTime && {
        ApproximateCreationDateTime: ApproximateCreationDateTime.getTime() / 1_000,
      }),
    },
    eventSourceARN: streamArn,
  } as DynamoDBRecord;
}

function withBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(withBase64);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withBase64(part)]));
}
