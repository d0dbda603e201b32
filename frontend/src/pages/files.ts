/** Files a person chose or dropped, each with its path below what was dropped. */

export interface Chosen {
  file: File;
  path: string;
}

/** Files of an input: webkitRelativePath where a folder was chosen, the name else. */
export function fromInput(files: Iterable<File>): Chosen[] {
  return visible([...files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
}

/** What the file systems of this world leave lying around is not sent. */
export function visible(chosen: Chosen[]): Chosen[] {
  return chosen.filter(
    ({ path }) => !path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX"),
  );
}

type Entry = Pick<FileSystemEntry, "isFile" | "isDirectory" | "name">;

/** All files of dropped entries; folders are read to their end, in batches as the browser gives them. */
export async function fromEntries(entries: Entry[], below = ""): Promise<Chosen[]> {
  const chosen: Chosen[] = [];
  for (const entry of entries) {
    const path = below + entry.name;
    if (entry.isFile) {
      const file = await new Promise<File>((done, failed) =>
        (entry as FileSystemFileEntry).file(done, failed),
      );
      chosen.push({ file, path });
    } else if (entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        const batch = await new Promise<FileSystemEntry[]>((done, failed) =>
          reader.readEntries(done, failed),
        );
        if (!batch.length) break;
        chosen.push(...(await fromEntries(batch, `${path}/`)));
      }
    }
  }
  return below ? chosen : visible(chosen);
}

export async function fromDrop(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  return fromEntries(entries);
}

/** Requests of a bearable size: a failure costs little, and progress is seen. */
export function batches(chosen: Chosen[], { files = 60, bytes = 48e6 } = {}): Chosen[][] {
  const all: Chosen[][] = [];
  let size = 0;
  for (const one of chosen) {
    const last = all.at(-1);
    if (!last || last.length >= files || size + one.file.size > bytes) {
      all.push([one]);
      size = one.file.size;
    } else {
      last.push(one);
      size += one.file.size;
    }
  }
  return all;
}

export function totalBytes(chosen: Chosen[]): number {
  return chosen.reduce((sum, { file }) => sum + file.size, 0);
}
