import type { Figure } from './figures.ts';

export type RunOptions = {
  /** One short round of everything: says that it works, and nothing about speed. */
  isQuick: boolean;
  /** The sizes that take minutes. */
  isFull: boolean;
  /** Says what is being done, or why something is left out. */
  log: (line: string) => void;
};

export type Scenario = {
  name: string;
  about: string;
  /** Another case of the scenario before it: a quick run leaves it out unless it is named. */
  isRepeat?: boolean;
  run: (options: RunOptions) => Promise<Figure[]>;
};
