export const tones = 10;

/** The tone of a group, from 1 to 10. A person's is dealt by the server and comes with them. */
export const toneOfGroup = (uuid: string): number => (Number.parseInt(uuid.slice(-6), 16) % tones) + 1;
