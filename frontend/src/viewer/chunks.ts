/** In which order a volume's slices are asked for: the slice shown first, then outward from it. */

export interface Chunk {
  readonly first: number;
  readonly count: number;
}

/** Small, so that the first image is there fast. */
const FIRST_CHUNK = 2;
/** About 4 MB of 512 x 512 slices: few requests, yet steady progress. */
const CHUNK = 8;

/** Chunks that cover each of `slices` once, the one around `middle` first, then alternately outward. */
export function chunkPlan(slices: number, middle: number): Chunk[] {
  const start = Math.min(Math.max(middle, 0), slices - 1);
  const firstCount = Math.min(FIRST_CHUNK, slices - start);
  const plan: Chunk[] = [{ first: start, count: firstCount }];
  let below = start;
  let above = start + firstCount;
  while (below > 0 || above < slices) {
    if (above < slices) {
      const count = Math.min(CHUNK, slices - above);
      plan.push({ first: above, count });
      above += count;
    }
    if (below > 0) {
      const count = Math.min(CHUNK, below);
      below -= count;
      plan.push({ first: below, count });
    }
  }
  return plan;
}
