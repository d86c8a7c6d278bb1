/** Writes a log line: what happened to what, then the message. Pino's own form; `powertools.ts` speaks it on AWS. */
type Write = (fields: Record<string, unknown>, message: string) => void;

export type Lines = { debug: Write; info: Write; warn: Write; error: Write };
