// Preloaded into a backend: its wall clock jumps when the campaign sends a message. Timers do not jump, as in reality.
const now = Date.now;
let offsetMs = 0;
const shiftedNow = () => now() + offsetMs;

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
  get: (target, name) => (name === 'now' ? shiftedNow : Reflect.get(target, name)),
});

process.on('message', (message: { clockOffsetMs?: unknown }) => {
  if (typeof message.clockOffsetMs === 'number') offsetMs = message.clockOffsetMs;
});
// The channel alone must not keep the process alive.
process.channel?.unref();
