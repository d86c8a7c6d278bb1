/** One broken place, and who must notice it. `from` is there exactly once. */
export type Mutation = {
  file: string;
  what: string;
  from: string;
  to: string;
  /** Test files, each of which must fail. */
  tests: string[];
  /** Only the tests of this name are run, where a file is slow. */
  name?: string;
  /** The whole file is run, and takes seconds. */
  isSlow?: boolean;
};

/** Mutations of one file, all found by the same tests: what breaks, and the line before and after. */
export const mutationsOf = (
  file: string,
  tests: string[],
  rows: [what: string, from: string, to: string][],
  name?: string,
): Mutation[] => rows.map(([what, from, to]) => ({ file, what, from, to, tests, name }));
