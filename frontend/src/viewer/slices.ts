/** Cutting a slice out of a volume into pixels; row 0 is the top of the screen, column 0 its left. */

import type { Plane } from "../geometry/planes";
import type { PhaseVolume } from "./phaseVolume";

/** A slice that has not arrived is left transparent. */
const MISSING = 0;

/**
 * Writes the slice `voxel` of a plane as RGBA words, width x height as planes.imageSize says, through a
 * lookup table (windows.lookupTable).
 */
export function writeSlice(
  volume: PhaseVolume,
  plane: Plane,
  voxel: number,
  table: Uint32Array,
  pixels: Uint32Array,
): void {
  if (plane === "axial") {
    writeAxial(volume, voxel, table, pixels);
  } else {
    writeUpright(volume, plane, voxel, table, pixels);
  }
}

function writeAxial(volume: PhaseVolume, z: number, table: Uint32Array, pixels: Uint32Array): void {
  if (!volume.has(z)) {
    pixels.fill(MISSING);
    return;
  }
  const values = volume.slice(z);
  for (let i = 0; i < values.length; i++) {
    pixels[i] = table[values[i]! + 32768]!;
  }
}

/** Coronal and sagittal: one row a z index, the head (highest z) at the top. */
function writeUpright(
  volume: PhaseVolume,
  plane: "coronal" | "sagittal",
  voxel: number,
  table: Uint32Array,
  pixels: Uint32Array,
): void {
  const [depth, height, width] = volume.geometry.shape_zyx;
  const coronal = plane === "coronal";
  const columns = coronal ? width : height;
  const stride = coronal ? 1 : width;
  for (let z = 0; z < depth; z++) {
    const row = (depth - 1 - z) * columns;
    if (!volume.has(z)) {
      pixels.fill(MISSING, row, row + columns);
      continue;
    }
    let from = z * volume.sliceLength + (coronal ? voxel * width : voxel);
    for (let column = 0; column < columns; column++, from += stride) {
      pixels[row + column] = table[volume.data[from]! + 32768]!;
    }
  }
}
