/**
 * Tells the other tabs of this browser. Their storage events do the same where there is a storage; a browser that forbids
 * that may forbid this too, and then each tab learns it from the server.
 */
export function openTabs(name: string, onTold: (userUuid: string) => void) {
  let channel: BroadcastChannel | undefined;
  try {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => onTold(String(data));
  } catch {
    channel = undefined;
  }
  return { tell: (userUuid: string) => channel?.postMessage(userUuid) };
}
