import { addRecord, type EngineRecord, openStream, type Stream } from './stream-shards.ts';

export type Body = Record<string, unknown>;

/** Reads the engine's own stream and stores its records. */
export function createStreamSource(endpoint: string, shards: number) {
  const streams = new Map<string, Stream>();
  let reading: Promise<unknown> = Promise.resolve();

  async function streamOf(arn: string): Promise<Stream> {
    const known = streams.get(arn);
    if (known) return known;
    const { StreamDescription } = (await callStreams(endpoint, 'DescribeStream', { StreamArn: arn })) as {
      StreamDescription: { Shards: { ShardId: string }[] };
    };
    const stream = openStream(arn, StreamDescription.Shards[0]?.ShardId ?? '', shards);
    // Another request may have opened it in the meantime.
    if (!streams.has(arn)) streams.set(arn, stream);
    return streams.get(arn) ?? stream;
  }

  /** Reads up to the end of the engine's shard. One read at a time, because two would add records twice. */
  function catchUp(stream: Stream): Promise<void> {
    const caughtUp = reading.then(() => readOn(endpoint, stream));
    reading = caughtUp.catch(() => {});
    return caughtUp;
  }

  /** The one stream that was described, up to date. */
  async function only(): Promise<Stream> {
    const stream = first();
    await catchUp(stream);
    return stream;
  }

  function first(): Stream {
    const [stream] = streams.values();
    if (!stream) throw new Error('no stream was described yet');
    return stream;
  }

  return { streamOf, catchUp, only, first };
}

const recordsPerRead = 1_000;

async function readOn(endpoint: string, stream: Stream) {
  for (;;) {
    const last = stream.readTo;
    const { ShardIterator } = (await callStreams(endpoint, 'GetShardIterator', {
      StreamArn: stream.arn,
      ShardId: stream.source,
      ShardIteratorType: last ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON',
      ...(last && { SequenceNumber: last }),
    })) as { ShardIterator: string };
    const { Records } = (await callStreams(endpoint, 'GetRecords', {
      ShardIterator,
      Limit: recordsPerRead,
    })) as { Records: EngineRecord[] };
    for (const record of Records) addRecord(stream, record);
    if (Records.length < recordsPerRead) return;
  }
}

async function callStreams(endpoint: string, operation: string, body: Body): Promise<Body> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      // Local engines check only the format.
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20260101T000000Z',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
