import { useSyncExternalStore } from 'react';
import type { createSignal } from '../chat/signal.ts';

/** Renders again after each change. */
export const useSignal = (signal: ReturnType<typeof createSignal>) =>
  useSyncExternalStore(signal.subscribe, signal.version);
