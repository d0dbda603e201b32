/** Where things lie on a tile: from mm in LPS to parts of the tile's width and height. */
import type { Candidate, Geometry, Id, Tile, Vec3 } from "../api/types";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The box on its tile, in px of the sprite: x to the patient's left, y to the back. */
export function boxOnTile(lo: Vec3, hi: Vec3, tile: Tile): Rect {
  const [cropX = 0, cropY = 0] = tile.crop_lo;
  return {
    x: (lo[0] - cropX) / tile.mm_per_px,
    y: (lo[1] - cropY) / tile.mm_per_px,
    width: (hi[0] - lo[0]) / tile.mm_per_px,
    height: (hi[1] - lo[1]) / tile.mm_per_px,
  };
}

/** The slice of the sprite, counted from its top, that is `offset` from the key slice. */
export function spriteSlice(tile: Tile, offset: number): number {
  return Math.max(0, Math.min(tile.count - 1, tile.key_offset + offset));
}

export function zIndex(tile: Tile, offset: number): number {
  return tile.first_z_index + spriteSlice(tile, offset);
}

/** Whether the centre of a slice lies in the box. */
export function sliceInBox({ lo, hi }: Pick<Candidate, "lo" | "hi">, z: number, geometry: Geometry): boolean {
  const mm = geometry.origin_xyz_mm[2] + z * geometry.spacing_xyz_mm[2];
  return mm >= lo[2] && mm <= hi[2];
}

/** A round length in mm for a scale bar of about a quarter of the tile. */
export function scaleBarMm(tile: Tile): number {
  const quarter = (tile.width * tile.mm_per_px) / 4;
  return [100, 50, 20, 10, 5, 2].find((mm) => mm <= quarter) ?? 1;
}

const CT_PHASES = ["non_contrast", "arterial", "portal_venous", "delayed"];

/** The columns of the grid: all four phases of liver CT, present or not; of other images what there is. */
export function columns(phases: string[]): string[] {
  return phases.every((phase) => CT_PHASES.includes(phase)) ? CT_PHASES : phases;
}

export function sizeMm({ lo, hi }: Pick<Candidate, "lo" | "hi">): string {
  return [0, 1, 2].map((axis) => Math.round(hi[axis]! - lo[axis]!)).join(" × ");
}

/** The place of a slice in the strip of neighbours, which lacks the key slice; null for the key slice. */
export function stripPlace(tile: Tile, offset: number): number | null {
  const slice = spriteSlice(tile, offset);
  if (slice === tile.key_offset) return null;
  return slice < tile.key_offset ? slice : slice - 1;
}

export type Part = "key" | "neighbours";

/** `revision` is that of the phase's image: under one address there is only ever one picture. */
export function tileUrl(candidate: Id, phase: string, window: string, revision: number, part: Part): string {
  return `/api/v1/candidates/${candidate}/tiles/${phase}.webp?part=${part}&window=${window}&revision=${revision}`;
}

/** One whole slice of a phase, a pixel a voxel. */
export function wholeUrl(study: Id, phase: string, z: number, window: string, revision: number): string {
  return `/api/v1/studies/${study}/slices/${phase}/${z}.webp?window=${window}&revision=${revision}`;
}

/** What a whole slice covers, in mm: x to the patient's left, y to the back. */
export function sliceExtent({ origin_xyz_mm, spacing_xyz_mm, shape_zyx }: Geometry): Rect {
  return {
    x: origin_xyz_mm[0] - spacing_xyz_mm[0] / 2,
    y: origin_xyz_mm[1] - spacing_xyz_mm[1] / 2,
    width: shape_zyx[2] * spacing_xyz_mm[0],
    height: shape_zyx[1] * spacing_xyz_mm[1],
  };
}
