import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { AwsJson1_0Protocol } from '@aws-sdk/core/protocols';
import type { DynamoDBDocumentClient, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/lib-dynamodb';
import { convertToAttr, marshall, type marshallOptions } from '@aws-sdk/util-dynamodb';
import { collectBody, HttpRequest } from '@smithy/core/protocols';
import type { Command } from '@smithy/types';
import { valuesOf } from './values.ts';

type Config = DynamoDBDocumentClient['config'];

/** What Parley uses of the SDK's document client: it takes the same commands, and gives the same answers. */
export type DocumentClient = {
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<ServiceInputTypes, I, ServiceOutputTypes, O, Config>,
  ): Promise<O>;
  config: Config;
  middlewareStack: DynamoDBDocumentClient['middlewareStack'];
  destroy(): void;
};

/**
 * A document client for the hot path (docs/decisions/0017-a-lean-client.md): the middleware of a kind of command is
 * resolved once and not for each request, and native values become JSON without a walk over the schema of the service.
 * Middleware is the client's: that of a single command is not heard.
 */
export function createDocumentClient(config: DynamoDBClientConfig): DocumentClient {
  const client = new DynamoDBClient({ ...config, protocol: DocumentProtocol });
  const { middlewareStack } = client;
  const handlers = new Map<unknown, Handler>();
  for (const change of ['add', 'addRelativeTo', 'remove', 'removeByTag'] as const) {
    const apply: (...args: never[]) => unknown = middlewareStack[change];
    middlewareStack[change] = (...args: never[]) => {
      handlers.clear();
      return apply(...args) as never;
    };
  }

  function handlerOf(Kind: new (input: object) => ClientCommand): Handler {
    const known = handlers.get(Kind);
    if (known) return known;
    // By a command without input: what is resolved keeps its command.
    const handler = new Kind({}).resolveMiddleware(middlewareStack, client.config);
    handlers.set(Kind, handler);
    return handler;
  }

  async function send(command: Message) {
    // A document command holds that of the client, with the same input.
    const clientCommand = command.clientCommand ?? command;
    const { output } = await handlerOf(clientCommand.constructor)(clientCommand);
    return output;
  }
  return { send, config: client.config, middlewareStack, destroy: () => client.destroy() };
}

type Handler = (command: ClientCommand) => Promise<{ output: Message }>;
type ClientCommand = { resolveMiddleware(stack: unknown, config: Config): Handler };

/** Operations on items and statements; those on tables are left to the SDK. */
const dataOperation = /Item|^(Query|Scan)$|Statement$|^ExecuteTransaction$/;

type Serialize = AwsJson1_0Protocol['serializeRequest'];
type Deserialize = AwsJson1_0Protocol['deserializeResponse'];

/** DynamoDB's JSON from and to native values. Binary ones, which Parley has none of, are refused, and read as base64. */
class DocumentProtocol extends AwsJson1_0Protocol {
  override async serializeRequest(...[operation, input, context]: Parameters<Serialize>) {
    if (!dataOperation.test(operation.name)) return super.serializeRequest(operation, input, context);
    const { protocol, hostname, port, path } = await context.endpoint();
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${this.serviceTarget}.${operation.name}`,
    };
    const body = JSON.stringify(convert(input, encoders));
    return new HttpRequest({ method: 'POST', protocol, hostname, port, path, headers, body });
  }

  override async deserializeResponse(...[operation, context, response]: Parameters<Deserialize>) {
    if (!dataOperation.test(operation.name) || this.isErrorResponse(response.statusCode))
      return super.deserializeResponse(operation, context, response);
    const body = await collectBody(response.body, context);
    const output = convert(JSON.parse(body.transformToString()), decoders);
    return Object.assign(output, { $metadata: this.deserializeMetadata(response) });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: requests and answers of every operation.
type Message = any;
type Converters = { [field: string]: (value: Message) => unknown };

const options: marshallOptions = { removeUndefinedValues: true };
const encode = (values: Message) => marshall(values, options);
const encodeValue = (value: Message) => convertToAttr(value, options);
const encoders: Converters = {
  Key: encode,
  Item: encode,
  ExclusiveStartKey: encode,
  ExpressionAttributeValues: encode,
  Keys: (keys: Message[]) => keys.map(encode),
  Parameters: (values: Message[]) => values.map(encodeValue),
  RequestItems: (byTable) => mapValues(byTable, (requests) => convert(requests, encoders)),
};

const decodeEach = (items: Message[]) => items.map(valuesOf);
const decodeFields = (message: Message) => convert(message, decoders);
const decoders: Converters = {
  Key: valuesOf,
  Item: valuesOf,
  Attributes: valuesOf,
  LastEvaluatedKey: valuesOf,
  Items: decodeEach,
  Keys: decodeEach,
  Responses: (responses) =>
    Array.isArray(responses) ? responses.map(decodeFields) : mapValues(responses, decodeEach),
  UnprocessedKeys: (byTable) => mapValues(byTable, decodeFields),
  UnprocessedItems: (byTable) => mapValues(byTable, decodeFields),
};

/** A copy whose fields of native values, or of DynamoDB's, are converted, wherever they are. */
function convert(message: Message, converters: Converters): Message {
  if (typeof message !== 'object' || message === null) return message;
  if (Array.isArray(message)) return message.map((each) => convert(each, converters));
  const converted: Message = {};
  for (const [field, value] of Object.entries(message)) {
    const converter = converters[field];
    if (value != null) converted[field] = converter ? converter(value) : convert(value, converters);
  }
  return converted;
}

const mapValues = (values: Record<string, Message>, map: (value: Message) => unknown) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
