/** Long enough for the browser to start reading. */
const keepMs = 60_000;

/** Saves a file as a click on a download link does. */
export function saveFile(content: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), keepMs);
}
