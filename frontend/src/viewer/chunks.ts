/** In which order a volume's slices are asked for: what is on the screen, then outward, ahead of the reader. */

export interface Chunk {
  readonly first: number;
  readonly count: number;
}

/** Where a reader is, and which way he goes: 1 towards the head, -1 towards the feet, 0 not known. */
export interface Focus {
  readonly slice: number;
  readonly heading: -1 | 0 | 1;
}

/** 2 MB of 512 x 512 slices: soon there, and always the same ones, so that a browser finds them again. */
export const CHUNK = 4;
/** What lies behind the reader is as far as if it were so many times as far ahead. */
const BEHIND = 3;

export function chunkCount(slices: number): number {
  return Math.ceil(slices / CHUNK);
}

export function chunkAt(index: number, slices: number): Chunk {
  const first = index * CHUNK;
  return { first, count: Math.min(CHUNK, slices - first) };
}

/** How little a chunk matters now: 0 under the reader's eyes, then by slices to go. */
export function distance({ first, count }: Chunk, { slice, heading }: Focus): number {
  const gap = slice < first ? first - slice : Math.max(0, slice - (first + count - 1));
  const ahead = Math.sign(first - slice) === heading;
  return heading === 0 || ahead ? gap : BEHIND * gap;
}
