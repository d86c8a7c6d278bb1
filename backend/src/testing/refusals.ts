/** Rows for `it.each`: a title, an invalid body, and the codes of its refusal. */
export const refusals = (rows: [body: unknown, codes: string[]][]) =>
  rows.map(([body, codes]) => [JSON.stringify(body).slice(0, 80), body, codes] as const);
