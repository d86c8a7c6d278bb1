/** The people who can sign in after seeding, with one password. */
export const demoPassword = 'Parley-demo-1';
export const demoPeople = [
  { handle: 'maya', display_name: 'Maya Lindqvist', email: 'maya@example.com' },
  { handle: 'tomas', display_name: 'Tomas Okafor', email: 'tomas@example.com' },
  { handle: 'ines', display_name: 'Inês Duarte', email: 'ines@example.com' },
  { handle: 'raj', display_name: 'Raj Patel', email: 'raj@example.com' },
];

/** Whom they write with. They have no sign-in, like people of an import. */
export const demoNeighbours = [
  { handle: 'amara', display_name: 'Amara Nwosu' },
  { handle: 'bui.ha', display_name: 'Bùi Thu Hà' },
  { handle: 'itzel', display_name: 'Itzel Hernández' },
  { handle: 'lea', display_name: 'Léa Fontaine' },
  { handle: 'leyla', display_name: 'ليلى حداد' },
  { handle: 'minjun', display_name: '김민준' },
  { handle: 'oleksandr', display_name: 'Олександр Коваль' },
  { handle: 'sione', display_name: 'Sione Tupou' },
  { handle: 'yuki', display_name: '田中 ゆき' },
  { handle: 'zanele', display_name: 'Zanele Dlamini' },
];
