// Runs before the first paint, so that a page whose theme was chosen does not flash in the other one. appearance.ts does the rest.
try {
  const [theme] = (localStorage.getItem('parley.appearance') ?? '').split(' ');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Where the storage is forbidden nothing was chosen.
}
