type Write = { Put?: { Item: Record<string, { S?: string }> } };

/**
 * Whether a request creates a direct conversation with its first message. A table that acknowledges it and writes nothing
 * makes the loss that is hardest to see: a send in no log and in nobody's inbox, of which nobody is ever told.
 */
export function isFirstOfDirect(operation: string, body: Buffer): boolean {
  if (operation !== 'TransactWriteItems') return false;
  const { TransactItems } = JSON.parse(body.toString()) as { TransactItems: Write[] };
  return TransactItems.some(({ Put }) => Put?.Item.sk?.S === 'GROUP' && Put.Item.kind?.S === 'direct');
}
