import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { AwsJson1_0Protocol } from '@aws-sdk/core/protocols';
import type { DynamoDBDocumentClient, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/lib-dynamodb';
import { convertToAttr, marshall, type marshallOptions } from '@aws-sdk/util-dynamodb';
import { collectBody, HttpRequest } from '@smithy/core/protocols';
import type { Command } from '@smithy/types';
import { valuesOf } from './values.ts';

type Config = DynamoDBDocumentClient['config'];

/** The part of the SDK's document client that Parley uses: the same commands and the same answers. */
export type DocumentClient = {
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<ServiceInputTypes, I, ServiceOutputTypes, O, Config>,
  ): Promise<O>;
  config: Config;
  middlewareStack: DynamoDBDocumentClient['middlewareStack'];
  destroy(): void;
};

/**
 * A faster document client (docs/decisions/0017-a-lean-client.md). It resolves the middleware once for each kind of
 * command, not for each request, and converts native values to JSON without a walk over the schema of the service.
 * Only middleware of the client runs; middleware of a single command is ignored.
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
    // An empty command, because the resolved handler keeps a reference to it.
    const handler = new Kind({}).resolveMiddleware(middlewareStack, client.config);
    handlers.set(Kind, handler);
    return handler;
  }

  async function send(command: Message) {
    // A document command wraps the client's command, with the same input.
    const clientCommand = command.clientCommand ?? command;
    const { output } = await handlerOf(clientCommand.constructor)(clientCommand);
    return output;
  }
  return { send, config: client.config, middlewareStack, destroy: () => client.destroy() };
}

type Handler = (command: ClientCommand) => Promise<{ output: Message }>;
type ClientCommand = { resolveMiddleware(stack: unknown, config: Config): Handler };

/** Operations on items and statements. The SDK's own protocol serves the others. */
const dataOperation = /Item|^(Query|Scan)$|Statement$|^ExecuteTransaction$/;

type Serialize = AwsJson1_0Protocol['serializeRequest'];
type Deserialize = AwsJson1_0Protocol['deserializeResponse'];

/** Converts between native values and DynamoDB's JSON. Parley has no binary values: a write of one is refused. */
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

// biome-ignore lint/suspicious/noExplicitAny: the requests and answers of all operations.
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

/** A copy of a message in which each field that has a converter is converted, at any depth. */
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
