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

/** A file or a part of one, from byte `offset` on. */
export interface Piece extends Chosen {
  offset: number;
  size: number;
}

/** Large files in parts, so that a failure costs one part. An empty file is one empty piece. */
export function pieces(chosen: Chosen[], bytes = 16e6): Piece[] {
  return chosen.flatMap(({ file, path }) =>
    Array.from({ length: Math.max(1, Math.ceil(file.size / bytes)) }, (_, i) => ({
      file,
      path,
      offset: i * bytes,
      size: Math.min(bytes, file.size - i * bytes),
    })),
  );
}

/** The pieces that are not wholly among what was received (bytes by path). */
export function missing(wanted: Piece[], received: ReadonlyMap<string, number>): Piece[] {
  return wanted.filter(({ path, offset, size }) => (received.get(path) ?? -1) < offset + size);
}

/** Stands for a choice of files without naming them: 64 bits of FNV-1a over paths, sizes and times. */
export function fingerprint(chosen: Chosen[]): string {
  const lines = chosen.map(({ file, path }) => `${path}|${file.size}|${file.lastModified}`).sort();
  let hash = 0xcbf29ce484222325n;
  for (const character of lines.join("\n")) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  }
  return hash.toString(16);
}

/** Requests of a bearable size: a failure costs little, and progress is seen. */
export function batches<T extends { size: number }>(all: T[], { files = 60, bytes = 48e6 } = {}): T[][] {
  const made: T[][] = [];
  let size = 0;
  for (const one of all) {
    const last = made.at(-1);
    if (!last || last.length >= files || size + one.size > bytes) {
      made.push([one]);
      size = one.size;
    } else {
      last.push(one);
      size += one.size;
    }
  }
  return made;
}

export function totalBytes(chosen: Chosen[]): number {
  return chosen.reduce((sum, { file }) => sum + file.size, 0);
}
