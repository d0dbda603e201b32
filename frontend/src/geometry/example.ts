/** A grid on which no two axes can be confused, and seeded random numbers, for tests. */

import type { Vec3, VolumeGeometry } from "./volume";

/** 9 x 7 x 5 voxels; every spacing and origin differs. */
export const ASYMMETRIC: VolumeGeometry = {
  shape_zyx: [5, 7, 9],
  spacing_xyz_mm: [0.7, 1.3, 5],
  origin_xyz_mm: [-31.3, 12.7, -402.5],
};

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A random grid and a way to draw random points in and around it. */
export function randomGrid(random: () => number): { geometry: VolumeGeometry; point: () => Vec3 } {
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const geometry: VolumeGeometry = {
    shape_zyx: [whole(1, 40), whole(2, 60), whole(2, 60)],
    spacing_xyz_mm: [0.3 + random(), 0.3 + random(), 0.5 + random() * 9],
    origin_xyz_mm: [random() * 800 - 400, random() * 800 - 400, random() * 2000 - 1000],
  };
  const point = (): Vec3 => {
    const along = (axis: 0 | 1 | 2) => {
      const count = geometry.shape_zyx[(2 - axis) as 0 | 1 | 2];
      const index = random() * (count + 4) - 2;
      return geometry.origin_xyz_mm[axis] + index * geometry.spacing_xyz_mm[axis];
    };
    return [along(0), along(1), along(2)];
  };
  return { geometry, point };
}
