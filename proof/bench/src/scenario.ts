import type { Figure } from './figures.ts';

export type RunOptions = {
  /** Run one short round, which shows that the scenario works and nothing about speed. */
  isQuick: boolean;
  /** Also measure the sizes that take minutes. */
  isFull: boolean;
  /** Prints progress, or why something is left out. */
  log: (line: string) => void;
};

export type Scenario = {
  name: string;
  about: string;
  /** A variant of the scenario before it. A quick run skips it unless it is named. */
  isRepeat?: boolean;
  run: (options: RunOptions) => Promise<Figure[]>;
};
