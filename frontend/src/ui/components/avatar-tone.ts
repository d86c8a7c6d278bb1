export const tones = 10;

/** The tone of a group, from 1 to 10. The server deals the tones of people. */
export const toneOfGroup = (uuid: string): number => (Number.parseInt(uuid.slice(-6), 16) % tones) + 1;
