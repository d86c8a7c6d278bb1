import { fork } from 'node:child_process';
import { join } from 'node:path';
import { stopChild } from '@parley/engines/launch';

/** Runs a file of this folder in its own process. It answers one question at a time (`answerParent`). */
export function startWorker<Question, Answer>(file: string) {
  const child = fork(join(import.meta.dirname, file), [], {
    execArgv: ['--import', 'tsx'],
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} did not start`);
  return {
    pid,
    ask(question: Question): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`${file} ended with code ${code}`));
        child.once('exit', ended);
        child.once('message', (message: { answer: Answer } | { error: string }) => {
          child.off('exit', ended);
          if ('error' in message) reject(new Error(message.error));
          else resolve(message.answer);
        });
        child.send({ question });
      });
    },
    stop: () => stopChild(child),
  };
}

/** Answers the parent's questions and ends when the parent does. */
export function answerParent<Question, Answer>(answer: (question: Question) => Promise<Answer>) {
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ question }: { question: Question }) => {
    answer(question).then(
      (value) => process.send?.({ answer: value }),
      (error) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}
