/** Long enough for the browser to have begun reading. */
const keepMs = 60_000;

/** As if the person had followed a link to a file. */
export function saveFile(content: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), keepMs);
}
