/** The people known to be online on other nodes, by node, because a dead node takes its people offline. */
export function createOnlineElsewhere() {
  const byNode = new Map<string, Set<string>>();
  return {
    add(nodeId: string, userUuid: string) {
      const people = byNode.get(nodeId) ?? new Set();
      byNode.set(nodeId, people.add(userUuid));
    },
    remove: (nodeId: string, userUuid: string) => void byNode.get(nodeId)?.delete(userUuid),
    /** Removes and returns the people of the other nodes. */
    removeDead(aliveIds: ReadonlySet<string>) {
      const dead = [...byNode].filter(([nodeId]) => !aliveIds.has(nodeId));
      for (const [nodeId] of dead) byNode.delete(nodeId);
      return dead.map(([nodeId, people]) => ({ nodeId, people: [...people] }));
    },
  };
}
