type Write = { Put?: { Item: Record<string, { S?: string }> } };

/**
 * Whether a request creates a direct conversation with its first message. If the table acknowledges it without writing,
 * the loss is the hardest to detect: the send is in no log and in nobody's inbox, and nobody receives an event.
 */
export function isFirstOfDirect(operation: string, body: Buffer): boolean {
  if (operation !== 'TransactWriteItems') return false;
  const { TransactItems } = JSON.parse(body.toString()) as { TransactItems: Write[] };
  return TransactItems.some(({ Put }) => Put?.Item.sk?.S === 'GROUP' && Put.Item.kind?.S === 'direct');
}
