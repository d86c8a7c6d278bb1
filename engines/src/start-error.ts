/** Its message says in one line what is wrong, for the person at the terminal. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
