import { createSignal } from '@parley/client/sync/signal';

export type Notice = { text: string; action: string; onAction(): void };

/** Holds the last action that can be undone. */
function createToasts() {
  const signal = createSignal();
  let notice: Notice | undefined;
  function set(next: Notice | undefined) {
    notice = next;
    signal.change();
  }
  return { signal, notice: () => notice, show: (next: Notice) => set(next), dismiss: () => set(undefined) };
}

export const toasts = createToasts();
