import { AppError } from '@parley/core/errors';

/** Frames of one socket that may be under way. */
const maxInFlight = 64;

/** Counts the frames under way, of this node and of each socket, and drains them when the node stops. */
export function createAdmission() {
  let isDraining = false;
  let inFlight = 0;
  let onIdle = () => {};

  return {
    /** Returns the function that ends the frame. */
    enter(connection: { inFlight: number }): () => void {
      inFlight += 1;
      connection.inFlight += 1;
      return () => {
        connection.inFlight -= 1;
        inFlight -= 1;
        if (inFlight === 0) onIdle();
      };
    },
    /** Throws `busy` while the node drains, and for a socket with too many frames under way. */
    requireRoom(connection: { inFlight: number }) {
      if (isDraining || connection.inFlight > maxInFlight) throw new AppError('busy');
    },
    async drain(timeoutMs: number) {
      isDraining = true;
      if (inFlight === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
