export const steps = ['add', 'switch', 'drop'] as const;
export type Step = (typeof steps)[number];

/**
 * Returns the next value of a list of secrets, of which the first signs and all verify. `add` makes every process
 * verify with the fresh secret before one signs with it, `switch` makes it sign, and `drop` removes the old one. Every
 * process must have read the new list before the next step. Throws if the list does not fit the step.
 */
export function nextSecrets(current: string, step: Step, fresh: string): string {
  const [first = '', second, ...others] = current.split(',');
  if (!first || others.length > 0) throw new Error('the secret must hold one or two values');
  if (step === 'add') {
    if (second) throw new Error('a rotation is unfinished: complete it with switch and drop');
    return `${first},${fresh}`;
  }
  if (!second) throw new Error('no rotation has begun: begin with add');
  return step === 'switch' ? `${second},${first}` : first;
}
