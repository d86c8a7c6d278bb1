/** The people known to be online on other nodes, by node: if a node dies, they go with it. */
export function createOnlineElsewhere() {
  const byNode = new Map<string, Set<string>>();
  return {
    add(nodeId: string, userUuid: string) {
      const people = byNode.get(nodeId) ?? new Set();
      byNode.set(nodeId, people.add(userUuid));
    },
    remove: (nodeId: string, userUuid: string) => void byNode.get(nodeId)?.delete(userUuid),
    /** Removes and returns the people of nodes that are not among the living. */
    removeDead(aliveIds: ReadonlySet<string>) {
      const dead = [...byNode].filter(([nodeId]) => !aliveIds.has(nodeId));
      for (const [nodeId] of dead) byNode.delete(nodeId);
      return dead.map(([nodeId, people]) => ({ nodeId, people: [...people] }));
    },
  };
}
