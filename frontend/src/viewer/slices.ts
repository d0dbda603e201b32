/** Cutting a slice out of a volume into pixels; row 0 is the top of the screen, column 0 its left. */

import { imageSize, LAYOUTS, type Plane } from "../geometry/planes";
import { type Axis, countOf, type Vec3 } from "../geometry/volume";
import type { PhaseVolume } from "./phaseVolume";

/** A slice that has not arrived is left transparent. */
const MISSING = 0;
/** What lies outside of what was scanned. */
const AIR_HU = -1024;
/** Closer to a whole voxel than this is that voxel. */
const WHOLE = 1e-4;

/** Changes when the pixels of a slice may: an axial one that is not moved only when it comes itself. */
export function stampOf(volume: PhaseVolume, plane: Plane, voxel: number, shift: Vec3): number {
  const moved = shift.some((steps) => Math.abs(steps) > WHOLE);
  return plane === "axial" && !moved ? Number(volume.has(voxel)) : volume.version;
}

/**
 * Writes the slice `voxel` of a plane as RGBA words, width x height as planes.imageSize says, through a
 * lookup table (windows.lookupTable). `shift` moves what is shown by so many voxels (x, y, z): by whole
 * ones exactly, in between linearly; air comes in.
 */
export function writeSlice(
  volume: PhaseVolume,
  plane: Plane,
  voxel: number,
  table: Uint32Array,
  pixels: Uint32Array,
  shift: Vec3 = [0, 0, 0],
): void {
  if (shift.some((steps) => Math.abs(steps) > WHOLE)) {
    writeMoved(volume, plane, voxel, table, pixels, shift);
  } else if (plane === "axial") {
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

/** One of the two voxels along an axis that a moved voxel lies between. */
interface Tap {
  readonly steps: number;
  readonly weight: number;
}

/** A move is the same for all voxels of an image, and so are its weights: one or two taps an axis. */
function tapsOf(shift: number): Tap[] {
  const near = Math.round(shift);
  if (Math.abs(shift - near) <= WHOLE) {
    return [{ steps: -near, weight: 1 }];
  }
  const below = Math.floor(-shift);
  const share = -shift - below;
  return [
    { steps: below, weight: 1 - share },
    { steps: below + 1, weight: share },
  ];
}

function writeMoved(
  volume: PhaseVolume,
  plane: Plane,
  voxel: number,
  table: Uint32Array,
  pixels: Uint32Array,
  shift: Vec3,
): void {
  const { geometry, data } = volume;
  const { across, down, downFlipped, normal } = LAYOUTS[plane];
  const [columns, rows] = imageSize(geometry, plane);
  const strides: Vec3 = [1, geometry.shape_zyx[2], volume.sliceLength];
  const sums = new Float32Array(columns * rows);
  const missing = new Uint8Array(columns * rows);
  const inside = (axis: Axis, index: number) => index >= 0 && index < countOf(geometry, axis);
  for (const n of tapsOf(shift[normal])) {
    for (const d of tapsOf(shift[down])) {
      for (const a of tapsOf(shift[across])) {
        const weight = n.weight * d.weight * a.weight;
        const layer = voxel + n.steps;
        for (let row = 0; row < rows; row++) {
          const line = (downFlipped ? rows - 1 - row : row) + d.steps;
          const reached = inside(normal, layer) && inside(down, line);
          const z = normal === 2 ? layer : line;
          if (reached && !volume.has(z)) {
            missing.fill(1, row * columns, (row + 1) * columns);
            continue;
          }
          const first = reached ? Math.min(Math.max(-a.steps, 0), columns) : columns;
          const end = Math.max(first, Math.min(columns, columns - a.steps));
          const out = row * columns;
          const air = weight * AIR_HU;
          for (let column = 0; column < first; column++) sums[out + column]! += air;
          for (let column = end; column < columns; column++) sums[out + column]! += air;
          const stride = strides[across];
          let from = layer * strides[normal] + line * strides[down] + (first + a.steps) * stride;
          for (let column = first; column < end; column++, from += stride) {
            sums[out + column]! += weight * data[from]!;
          }
        }
      }
    }
  }
  for (let i = 0; i < sums.length; i++) {
    pixels[i] = missing[i] ? MISSING : table[Math.round(sums[i]!) + 32768]!;
  }
}
