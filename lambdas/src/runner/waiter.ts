/** A wait that can be ended early by `wake`. If `wake` was called before the wait, the wait ends at once. */
export type Waiter = { wake(): void; wait(ms: number): Promise<boolean> };

export function createWaiter(): Waiter {
  let isWoken = false;
  let end = () => {};
  return {
    wake() {
      isWoken = true;
      end();
    },
    /** Resolves to whether it was woken. */
    async wait(ms) {
      if (!isWoken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const wasWoken = isWoken;
      isWoken = false;
      return wasWoken;
    },
  };
}
