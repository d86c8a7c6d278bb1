/** Typing has no end: it shows for 5 s after the last event, or until that person's message. */
const shownMs = 5_000;
/** A client tells it at most every 3 s. */
const tellEveryMs = 3_000;
/** What is told sooner the server refuses, and it would count as told here. */
const tellAgainMs = 1_100;

/** By the monotonic clock: a wall clock that somebody sets back would show it, and hold back one's own, for as long. */
export function createTyping(onChange: () => void, now = () => performance.now()) {
  const until = new Map<string, number>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const toldAt = new Map<string, number>();
  const keyOf = (conversation: string, person: string) => `${conversation} ${person}`;

  return {
    hear(conversation: string, person: string) {
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
    /** Whether it is time to tell that we type. */
    shouldTell(conversation: string) {
      if (now() - (toldAt.get(conversation) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return false;
      toldAt.set(conversation, now());
      return true;
    },
    /** The message is sent: the next key tells again, as soon as the server takes it. */
    told(conversation: string) {
      const at = toldAt.get(conversation);
      if (at !== undefined) toldAt.set(conversation, at - (tellEveryMs - tellAgainMs));
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
