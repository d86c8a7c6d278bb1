import type { CreateCommand } from './command.ts';

export const ping: CreateCommand = () => ({ cost: 'heartbeat', answer: async () => ({}) });
