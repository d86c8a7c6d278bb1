import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeTable, createTable } from './client.ts';

let server: Server | undefined;
afterEach(() => new Promise((closed) => server?.close(closed)));

/** The body that a DynamoDB API receives for a transaction with one item. */
async function receivedTransaction(message: string): Promise<Record<string, unknown>> {
  let received = '';
  server = createServer(async (request, response) => {
    received = await text(request);
    response.setHeader('Content-Type', 'application/x-amz-json-1.0').end('{}');
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const table = createTable({ region: 'eu-west-1', endpoint, name: 'messages', runnerName: 'runner' });
  const Item = { pk: 'MSG#1', sk: '1', message };
  await table.doc.send(
    new TransactWriteCommand({ TransactItems: [{ Put: { TableName: 'messages', Item } }] }),
  );
  closeTable(table);
  return JSON.parse(received);
}

describe('a transaction sent to an engine off AWS', () => {
  test.each(['hello', '👋 ñ', ',"ClientRequestToken":"x"}'])(
    'carries no request token, and exactly its item %p',
    async (message) => {
      const { TransactItems, ClientRequestToken } = await receivedTransaction(message);
      expect(ClientRequestToken).toBeUndefined();
      const Item = { pk: { S: 'MSG#1' }, sk: { S: '1' }, message: { S: message } };
      expect(TransactItems).toEqual([{ Put: { TableName: 'messages', Item } }]);
    },
  );
});
