/**
 * Sends a uuid to the other tabs of this browser. Storage events do the same if there is a storage. A browser that forbids
 * storage may forbid this too, and then each tab learns it from the server.
 */
export function openTabs(name: string, onReceived: (userUuid: string) => void) {
  let channel: BroadcastChannel | undefined;
  try {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => onReceived(String(data));
  } catch {
    channel = undefined;
  }
  return { publish: (userUuid: string) => channel?.postMessage(userUuid) };
}
