import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { StreamRecord } from '../log/stream-records.ts';
import { clientConfig } from '../table/client.ts';

/*
 * Where Lambda's event sources put what they give up: an object for each invocation, at
 * `aws/lambda/<event source mapping>/<shard>/YYYY/MM/DD/...`, with the whole event in it.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export const letterPrefix = 'aws/lambda/';

/** The parts of a failed invocation's document that are looked at. */
export type FailedInvocation = {
  timestamp?: string;
  requestContext?: { functionArn?: string; condition?: string; approximateInvokeCount?: number };
  responseContext?: { functionError?: string; statusCode?: number };
  /** The event, mostly as JSON. */
  payload?: string | { Records?: StreamRecord[] };
};

export type BucketOptions = {
  region: string;
  /** An S3 API off AWS; its credentials are then placeholders. */
  endpoint?: string | undefined;
  name: string;
};

export type LetterVersion = { key: string; versionId: string; etag: string; isLatest: boolean; text: string };
export type LetterBucket = ReturnType<typeof createLetterBucket>;

export const createS3 = ({ region, endpoint }: Omit<BucketOptions, 'name'>) =>
  new S3Client({ ...clientConfig(region, endpoint), forcePathStyle: Boolean(endpoint) });

/** The versions of letters, for who must leave nothing in any of them. */
export function createLetterBucket({ name: Bucket, ...options }: BucketOptions) {
  const s3 = createS3(options);

  async function read(Key: string, VersionId: string) {
    try {
      const { Body, ETag = '' } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      return { text: (await Body?.transformToString()) ?? '', etag: ETag };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** False where it is another one by now, or gone. */
  async function overwrite({ key: Key, versionId, etag }: LetterVersion, Body: string) {
    try {
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch: etag }));
      // A bucket that keeps no versions has written over it.
      return VersionId === undefined || VersionId === versionId ? 'replaced' : 'kept';
    } catch (error) {
      if ([404, 409, 412].includes(statusOf(error) ?? 0)) return false;
      throw error;
    }
  }

  return {
    name: Bucket,
    /** Each version, also of letters that were redriven: a bucket keeps them for a while. A request for each. */
    async *versions(): AsyncGenerator<LetterVersion> {
      let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
      for (let isTruncated = true; isTruncated; ) {
        const command = new ListObjectVersionsCommand({ Bucket, Prefix: letterPrefix, ...marker });
        const { Versions = [], IsTruncated, NextKeyMarker, NextVersionIdMarker } = await s3.send(command);
        for (const { Key = '', VersionId = '', IsLatest = true } of Versions) {
          const found = await read(Key, VersionId);
          if (found) yield { key: Key, versionId: VersionId, isLatest: IsLatest, ...found };
        }
        isTruncated = IsTruncated === true;
        marker = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
      }
    },
    /**
     * Leaves nothing of a version: the text takes the place of the latest one, an earlier one is deleted. False where
     * it was redriven or rewritten meanwhile. Safe to repeat, and to stop in the middle: an earlier version is listed.
     */
    async replace(version: LetterVersion, text: string): Promise<boolean> {
      const { key: Key, versionId: VersionId, isLatest } = version;
      const done = isLatest ? await overwrite(version, text) : 'kept';
      if (done === 'kept') await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
      return done !== false;
    },
    close: () => s3.destroy(),
  };
}

const statusOf = (error: unknown) =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
