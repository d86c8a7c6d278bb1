import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = Record<string, unknown>;
type Answer = { method: string; path: string; status: number; headers: Headers; body: unknown };
type Operation = { responses: Record<string, DocumentedResponse> };
type DocumentedResponse = {
  headers?: Record<string, { schema: Json; required?: boolean }>;
  content: Record<string, { schema: Json }>;
};

/** Parley's own headers, which must be documented wherever they are sent. */
const ownHeaders = ['Link', 'Parley-Unread-Conversations', 'Retry-After', 'WWW-Authenticate'];

export type Contract = ReturnType<typeof createContract>;

/**
 * Checks answers against the OpenAPI document: status, headers, and every field of the body. Throws on a difference.
 */
export function createContract(document: object) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const closed = withoutOtherFields(document) as Json & { paths: Record<string, Record<string, Operation>> };
  ajv.addSchema(closed, 'openapi');

  function validate(pointer: string, value: unknown, subject: string) {
    const check = ajv.getSchema(`openapi#${pointer}`) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    if (!check(value))
      throw new Error(`${subject} differs from the document: ${ajv.errorsText(check.errors)}`);
  }

  function check({ method, path, status, headers, body }: Answer) {
    const subject = `${method} ${path} ${status}`;
    const template = Object.keys(closed.paths).find((each) => patternOf(each).test(path));
    const operation = template ? closed.paths[template]?.[method.toLowerCase()] : undefined;
    if (!template || !operation) return checkRefusal(subject, status, body);
    const response = operation.responses[status];
    if (!response) throw new Error(`${subject} is not documented: ${JSON.stringify(body)}`);
    const type = headers.get('Content-Type')?.split(';')[0] ?? '';
    if (!response.content[type]) throw new Error(`${subject} has the undocumented type ${type}`);
    const base = `/paths/${pointerPart(template)}/${method.toLowerCase()}/responses/${status}`;
    validate(`${base}/content/${pointerPart(type)}/schema`, body, subject);
    checkHeaders(subject, base, response.headers ?? {}, headers);
  }

  function checkHeaders(
    subject: string,
    base: string,
    documented: NonNullable<DocumentedResponse['headers']>,
    headers: Headers,
  ) {
    for (const [name, { required }] of Object.entries(documented)) {
      const value = headers.get(name);
      if (value !== null) validate(`${base}/headers/${name}/schema`, value, `${subject} ${name}`);
      else if (required) throw new Error(`${subject} lacks the header ${name}`);
    }
    const stray = ownHeaders.find((name) => headers.has(name) && !documented[name]);
    if (stray) throw new Error(`${subject} has the undocumented header ${stray}`);
  }

  return { check };
}

/** A request that the document does not describe must be refused. */
function checkRefusal(subject: string, status: number, body: unknown) {
  const isCodes = Array.isArray(body) && body.length > 0 && body.every((code) => typeof code === 'string');
  if (![404, 405].includes(status) || !isCodes)
    throw new Error(`${subject} is not documented and was not refused`);
}

const patternOf = (template: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`);

const pointerPart = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/** Closes the schemas: the document allows clients unknown fields, but our own answers must not have any. */
function withoutOtherFields(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutOtherFields);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, withoutOtherFields(value)]),
  );
  const isClosable = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isClosable ? { ...copy, additionalProperties: false } : copy;
}
