import type { Action } from '@parley/contract/frames';
import { authenticate } from './authenticate.ts';
import type { Command, CommandParts, CreateCommand } from './command.ts';
import { messageGroupRead } from './message-group-read.ts';
import { messageSend } from './message-send.ts';
import { ping } from './ping.ts';
import { typing } from './typing.ts';

/** Every action of a socket. A new one is a file of its own and a line here. */
const record: Record<Action, CreateCommand> = {
  authenticate,
  'message.send': messageSend,
  'message_group.read': messageGroupRead,
  typing,
  ping,
};

export const actions = Object.keys(record);

export type Commands = ReadonlyMap<string, Command>;

export const createCommands = (parts: CommandParts): Commands =>
  new Map(Object.entries(record).map(([action, create]) => [action, create(parts)]));
