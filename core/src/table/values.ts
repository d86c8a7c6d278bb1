import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToNative } from '@aws-sdk/util-dynamodb';

/** A row made by hand may hold a number that no double holds; Parley's own are all exact. */
const options = { wrapNumbers: Number };

/**
 * The native values of an item or an image, its attributes in the order of their names. The engine names those of each
 * item in another order, and objects of as many shapes are several times slower in whatever reads them.
 */
export function valuesOf(attributes: Record<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(attributes).sort())
    values[name] = nativeOf(attributes[name] as AttributeValue);
  return values;
}

function nativeOf(attribute: AttributeValue): unknown {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  return convertToNative(attribute, options);
}
