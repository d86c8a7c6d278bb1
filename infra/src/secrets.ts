export const steps = ['add', 'switch', 'drop'] as const;
export type Step = (typeof steps)[number];

/**
 * The next value of a list of secrets, of which the first signs and all verify. `add` lets everybody verify with the
 * fresh one before anybody signs with it, `switch` lets it sign, `drop` forgets the old one; every process must have
 * taken a step before the next. Throws where the list is not as the step expects it.
 */
export function nextSecrets(current: string, step: Step, fresh: string): string {
  const [first = '', second, ...others] = current.split(',');
  if (!first || others.length > 0) throw new Error('the secret does not hold one or two values');
  if (step === 'add') {
    if (second) throw new Error('a rotation is under way: finish it with switch and drop');
    return `${first},${fresh}`;
  }
  if (!second) throw new Error('no rotation is under way: begin with add');
  return step === 'switch' ? `${second},${first}` : first;
}
