/** The people who are online. Known only while the own socket is open. */
export function createPresence(onChange: () => void) {
  const online = new Set<string>();
  return {
    isOnline: (userUuid: string) => online.has(userUuid),
    apply({ user_uuid, online: isOnline }: { user_uuid: string; online: boolean }) {
      if (isOnline) online.add(user_uuid);
      else online.delete(user_uuid);
      onChange();
    },
    clear() {
      online.clear();
      onChange();
    },
  };
}
