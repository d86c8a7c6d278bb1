import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToNative } from '@aws-sdk/util-dynamodb';

/** Numbers beyond the precision of a double become the nearest double. Parley writes none; an item made by hand may. */
const options = { wrapNumbers: Number };

/**
 * The native values of an item or an image, sorted by attribute name. The engine returns the attributes of each item in
 * a different order, and V8 reads objects of many shapes several times slower than objects of one shape.
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
