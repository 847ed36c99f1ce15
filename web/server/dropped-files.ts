/** Files of the operating system and of editors, such as `.DS_Store`. */
const HIDDEN = /^[.~]|^Thumbs\.db$/i;

/**
 * The files of a drop, with those of its folders, without hidden ones.
 *
 * Call it in the event itself: the browser empties `data` afterwards.
 */
export async function readDroppedFiles(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = entries.length > 0 ? (await Promise.all(entries.map(filesOf))).flat() : data.files;
  return [...files].filter(({ name }) => !HIDDEN.test(name)).sort(byName);
}

const byName = (a: File, b: File) => a.name.localeCompare(b.name, undefined, { numeric: true });

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File | undefined>((resolve) =>
      (entry as FileSystemFileEntry).file(resolve, () => resolve(undefined)),
    );
    return file ? [file] : [];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inner: FileSystemEntry[] = [];
  for (;;) {
    // Browsers list a folder in parts, until a part is empty.
    const part = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (part.length === 0) break;
    inner.push(...part);
  }
  return (await Promise.all(inner.map(filesOf))).flat();
}
