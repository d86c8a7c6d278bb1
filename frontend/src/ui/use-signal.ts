import type { createSignal } from '@parley/client/sync/signal';
import { useSyncExternalStore } from 'react';

/** Renders again after each change. */
export const useSignal = (signal: ReturnType<typeof createSignal>) =>
  useSyncExternalStore(signal.subscribe, signal.version);
