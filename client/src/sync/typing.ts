/** Typing has no end event. It is shown for this long after the last event, or until the person's message arrives. */
const shownMs = 5_000;
/** The client sends `typing` at most once in this time. */
const sendEveryMs = 3_000;
/** The server refuses a second `typing` within about a second. */
const serverPauseMs = 1_100;

export type Typing = ReturnType<typeof createTyping>;

/** The people who are typing. Uses the monotonic clock, because the wall clock may be set back. */
export function createTyping(onChange: () => void, now = () => performance.now()) {
  const until = new Map<string, number>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const sentAt = new Map<string, number>();
  const keyOf = (conversation: string, person: string) => `${conversation} ${person}`;

  return {
    start(conversation: string, person: string) {
      until.set(keyOf(conversation, person), now() + shownMs);
      onChange();
      const timer = setTimeout(() => {
        timers.delete(timer);
        onChange();
      }, shownMs + 50);
      timers.add(timer);
    },
    stop(conversation: string, person: string) {
      if (until.delete(keyOf(conversation, person))) onChange();
    },
    people(conversation: string): string[] {
      const prefix = `${conversation} `;
      return [...until]
        .filter(([key, end]) => key.startsWith(prefix) && end > now())
        .map(([key]) => key.slice(prefix.length));
    },
    /** Whether to send `typing` now. After returning true it counts as sent. */
    shouldSend(conversation: string) {
      if (now() - (sentAt.get(conversation) ?? Number.NEGATIVE_INFINITY) < sendEveryMs) return false;
      sentAt.set(conversation, now());
      return true;
    },
    /** Call when the own message is sent. The next key press then sends `typing` as soon as the server accepts it. */
    endOwn(conversation: string) {
      const at = sentAt.get(conversation);
      if (at !== undefined) sentAt.set(conversation, at - (sendEveryMs - serverPauseMs));
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
