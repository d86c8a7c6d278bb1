import type { Random } from './random.ts';

/** The part of JSON Schema that the OpenAPI document and the frames use. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
};

const hostile: unknown[] = [
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    '\u200b',
    '__proto__',
    'constructor',
    '../..',
    '%00',
    "'; DROP TABLE users; --",
  ],
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    1e21,
    999_999_999_999,
    2 ** 53,
    [],
    {},
    [null],
    [[]],
    { $gt: '' },
    'x'.repeat(5_000),
  ],
];
const hostilePercent = 15;
const absentPercent = 15;

export type ValuesOptions = {
  random: Random;
  resolve: (ref: string) => Schema | undefined;
  /** Values that exist in the deployment: uuids, handles, texts. */
  known: { uuids: string[]; texts: string[] };
};

/** A random value that usually fits the schema. */
export function createValues({ random, resolve, known }: ValuesOptions) {
  function valueFor(schema: Schema = {}): unknown {
    if (random.chance(hostilePercent)) return random.pick(hostile);
    if (schema.$ref) return valueFor(resolve(schema.$ref));
    if ('const' in schema) return schema.const;
    if (schema.enum) return random.pick(schema.enum);
    const options = schema.anyOf ?? schema.oneOf;
    if (options) return valueFor(random.pick(options));
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => objectOf(part)));
    const type = Array.isArray(schema.type) ? random.pick(schema.type) : schema.type;
    if (type === 'object' || schema.properties) return objectOf(schema);
    if (type === 'array') return Array.from({ length: random.int(0, 4) }, () => valueFor(schema.items));
    if (type === 'integer' || type === 'number')
      return random.int(schema.minimum ?? 0, Math.min(schema.maximum ?? 50, 50));
    if (type === 'boolean') return random.chance(50);
    if (type === 'null') return null;
    return random.pick(schema.format === 'uuid' ? known.uuids : [...known.texts, ...known.uuids]);
  }

  function objectOf({ $ref, properties = {} }: Schema): Record<string, unknown> {
    const found = $ref ? (resolve($ref)?.properties ?? {}) : properties;
    const names = Object.keys(found).filter(() => !random.chance(absentPercent));
    return Object.fromEntries(names.map((name) => [name, valueFor(found[name])]));
  }

  return {
    valueFor,
    /** A value as text, for a path or a query. */
    textFor: (schema?: Schema) => {
      const value = valueFor(schema);
      return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
    },
  };
}
