/** Writes a log line: the fields, then the message. Pino has this form; `powertools.ts` has it on AWS. */
type Write = (fields: Record<string, unknown>, message: string) => void;

export type Lines = { debug: Write; info: Write; warn: Write; error: Write };
