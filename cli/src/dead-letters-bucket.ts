import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  type S3Client,
} from '@aws-sdk/client-s3';
import { UsageError } from '@parley/config/explain';
import { type FailedInvocation, letterPrefix } from '@parley/core/dead-letters/letter-bucket';
import type { StreamRecord } from '@parley/core/log/stream-records';
import type { Letter, Letters } from './dead-letters-redrive.ts';

type Event = { Records?: StreamRecord[] };

/** The dead letters in a bucket. Lists 1,000 keys per request, and reads each object. */
export function bucketLetters(s3: S3Client, Bucket: string): Letters {
  async function get(Key: string): Promise<Letter | undefined> {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return letterFrom(Key, (await Body?.transformToString()) ?? '');
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }
  return {
    get,
    async *list() {
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket, Prefix: letterPrefix, ContinuationToken }),
        );
        for (const { Key } of page.Contents ?? []) {
          const letter = Key && (await get(Key));
          if (letter) yield letter;
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
    },
    async remove({ id }) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key: id }));
    },
  };
}

function letterFrom(id: string, text: string): Letter {
  const {
    timestamp = '',
    requestContext = {},
    responseContext = {},
    payload,
  } = parse<FailedInvocation>(id, text);
  const event = typeof payload === 'string' ? parse<Event>(id, payload) : payload;
  const { functionArn, condition = '', approximateInvokeCount = 0 } = requestContext;
  if (!functionArn || !event?.Records)
    throw new UsageError(`${id} is not a failed invocation of a function.`);
  return {
    id,
    failedAt: timestamp,
    condition,
    attempts: approximateInvokeCount,
    error: responseContext.functionError ?? 'reported by the handler',
    functionName: functionArn,
    event: { Records: event.Records },
  };
}

function parse<T>(id: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new UsageError(`${id} is not JSON.`, { cause });
  }
}
