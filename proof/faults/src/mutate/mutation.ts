/** A deliberate bug and the tests that must detect it. `from` occurs exactly once in the file. */
export type Mutation = {
  file: string;
  what: string;
  from: string;
  to: string;
  /** Test files, each of which must fail. */
  tests: string[];
  /** Runs only the tests with this name, for slow test files. */
  name?: string;
  /** The whole test file runs, and takes seconds. */
  isSlow?: boolean;
};

/** Mutations of one file that the same tests detect: what breaks, and the text before and after. */
export const mutationsOf = (
  file: string,
  tests: string[],
  rows: [what: string, from: string, to: string][],
  name?: string,
): Mutation[] => rows.map(([what, from, to]) => ({ file, what, from, to, tests, name }));
