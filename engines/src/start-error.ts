/** An error for the person at the terminal. Its message is one line. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
