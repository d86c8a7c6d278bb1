import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pg from 'pg';
import type { Parley } from './parley.ts';

/* Writes what no door lets in any more, as earlier versions stored it. */

export async function renamePerson({ env }: Parley, handle: string, name: string) {
  const client = new pg.Client(`postgres://postgres:postgres@127.0.0.1:${env.PGLITE_PORT}/postgres`);
  await client.connect();
  await client.query('update users set display_name = $2 where handle = $1', [handle, name]);
  await client.end();
}

/** The title of a group, for its members with these uuids too. */
export async function renameGroup({ env }: Parley, uuid: string, memberUuids: string[], title: string) {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${env.DYNOXIDE_PORT}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  const keys = [
    { pk: `MSG#${uuid}`, sk: 'GROUP' },
    ...memberUuids.map((member) => ({ pk: `GRP#${member}`, sk: uuid })),
  ];
  for (const Key of keys)
    await documents.send(
      new UpdateCommand({
        TableName: 'parley-messages',
        Key,
        UpdateExpression: 'SET title = :title',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':title': title },
      }),
    );
  client.destroy();
}

/** What the page shows with a U+202E that nothing confines: texts outside of a `bdi`, labels without an isolate. */
export const unconfined = () => {
  const found: string[] = [];
  const isIsolated = (text: string) => !text.replace(/\u2068[^\u2069]*\u2069/g, '').includes('\u202e');
  const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.textContent ?? '';
    const isConfined = node.parentElement?.closest('bdi, p.text[dir]') ?? isIsolated(text);
    if (text.includes('\u202e') && !isConfined) found.push(text);
  }
  for (const element of document.querySelectorAll('*'))
    for (const { name, value } of element.attributes)
      if (name !== 'value' && value.includes('\u202e') && !isIsolated(value)) found.push(`${name}=${value}`);
  if (!isIsolated(document.title)) found.push(document.title);
  return found;
};
