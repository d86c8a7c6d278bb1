import type { Table } from '@parley/core/table/client';

export type Send = (command: unknown) => Promise<unknown>;

/** A table whose requests go through `answer`, which may send or refuse them, or change their answers. */
export function withSend<T extends Table>(
  table: T,
  answer: (command: unknown, send: Send) => Promise<unknown>,
): T {
  const send: Send = (command) => table.doc.send(command as Parameters<T['doc']['send']>[0]);
  const doc = new Proxy(table.doc, {
    get: (target, name) =>
      name === 'send' ? (command: unknown) => answer(command, send) : Reflect.get(target, name),
  });
  return { ...table, doc };
}
