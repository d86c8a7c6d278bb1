/** Writes a log line: first the fields, then the message, as Pino does. On AWS, `aws/powertools.ts` provides it. */
type Write = (fields: Record<string, unknown>, message: string) => void;

export type Lines = { debug: Write; info: Write; warn: Write; error: Write };
