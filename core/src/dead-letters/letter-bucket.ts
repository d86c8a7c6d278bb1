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
 * Lambda's event sources write an object for each invocation that failed every attempt, with the whole event, at
 * `aws/lambda/<event source mapping>/<shard>/YYYY/MM/DD/...`.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export const letterPrefix = 'aws/lambda/';

/** The fields of such an object that Parley reads. */
export type FailedInvocation = {
  timestamp?: string;
  requestContext?: { functionArn?: string; condition?: string; approximateInvokeCount?: number };
  responseContext?: { functionError?: string; statusCode?: number };
  /** The event: usually as a JSON text. */
  payload?: string | { Records?: StreamRecord[] };
};

export type BucketOptions = {
  region: string;
  /** The address of an S3 API off AWS. Requests to it are signed with placeholder credentials. */
  endpoint?: string | undefined;
  name: string;
};

export type LetterVersion = { key: string; versionId: string; etag: string; isLatest: boolean; text: string };
export type LetterBucket = ReturnType<typeof createLetterBucket>;

export const createS3 = ({ region, endpoint }: Omit<BucketOptions, 'name'>) =>
  new S3Client({ ...clientConfig(region, endpoint), forcePathStyle: Boolean(endpoint) });

/** Reads and rewrites all versions of the dead letters, so that an erasure can clean each. */
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

  /** `changed` if the object is gone or is no longer this version; `versioned` if the bucket keeps the old version. */
  async function overwrite({ key: Key, versionId, etag }: LetterVersion, Body: string) {
    try {
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch: etag }));
      return VersionId === undefined || VersionId === versionId ? 'replaced' : 'versioned';
    } catch (error) {
      if ([404, 409, 412].includes(statusOf(error) ?? 0)) return 'changed';
      throw error;
    }
  }

  return {
    name: Bucket,
    /** Every version with its text, those of redriven letters included. One request for each. */
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
     * Removes a version. The latest version of a letter is replaced by one with the new text; an earlier version is
     * deleted. Returns false if the letter was redriven or rewritten since it was read. Safe to repeat. If it stops
     * half way, the old version is still listed by `versions`.
     */
    async replace(version: LetterVersion, text: string): Promise<boolean> {
      const { key: Key, versionId: VersionId, isLatest } = version;
      const outcome = isLatest ? await overwrite(version, text) : 'versioned';
      if (outcome === 'versioned') await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
      return outcome !== 'changed';
    },
    close: () => s3.destroy(),
  };
}

const statusOf = (error: unknown) =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
