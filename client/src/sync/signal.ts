/** Notifies subscribers of changes. `schedule` groups changes into one notification; by default those of one task. */
export function createSignal(schedule: (notify: () => void) => void = (notify) => queueMicrotask(notify)) {
  const listeners = new Set<() => void>();
  let version = 0;
  let isDue = false;
  return {
    version: () => version,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    change() {
      if (isDue) return;
      isDue = true;
      schedule(() => {
        isDue = false;
        version += 1;
        for (const listener of listeners) listener();
      });
    },
  };
}
