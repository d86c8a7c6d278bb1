/** The people who can sign in after seeding, with one password. */
export const demoPassword = 'Parley-demo-1';
export const demoPeople = [
  { handle: 'maya', display_name: 'Maya Lindqvist', email: 'maya@example.com' },
  { handle: 'tomas', display_name: 'Tomas Okafor', email: 'tomas@example.com' },
  { handle: 'ines', display_name: 'Inês Duarte', email: 'ines@example.com' },
  { handle: 'raj', display_name: 'Raj Patel', email: 'raj@example.com' },
];
