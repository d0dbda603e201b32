/** What drove a characterizer's answer, as far as its evidence says it: any system may say less. */

import type { Characterization } from "../api/types";
import type { Box } from "../geometry/box";

/** A cell of the lesion: where it is (mm), and how much it speaks for (1) or against (-1) the answer. */
export interface Cell {
  readonly box: Box;
  readonly share: number;
}

export interface Evidence {
  /** The slice that was judged; null where it is not said. */
  readonly slice: number | null;
  /** By phase how much the first answer's share falls without it, the weightiest first. */
  readonly phases: readonly (readonly [string, number])[];
  readonly missing: readonly string[];
  /** Of several networks how many put a label first. */
  readonly votes: readonly (readonly [string, number])[];
  readonly cells: readonly Cell[];
}

/** Below this share of the strongest a cell says nothing that an eye could tell. */
const LEAST_SHARE = 0.02;

export function evidenceOf(said: Characterization): Evidence {
  const told = said.evidence as Readonly<Record<string, unknown>>;
  return {
    slice: Number.isInteger(told.z_index) ? (told.z_index as number) : null,
    phases: numbers(told.phase_weights).sort((a, b) => b[1] - a[1]),
    missing: Array.isArray(told.missing_phases) ? told.missing_phases.map(String) : [],
    votes: numbers(told.votes).filter(([, votes]) => votes > 0),
    cells: cellsOf(told.map),
  };
}

function numbers(told: unknown): [string, number][] {
  if (typeof told !== "object" || told === null) return [];
  return Object.entries(told).filter((pair): pair is [string, number] => Number.isFinite(pair[1]));
}

function cellsOf(told: unknown): Cell[] {
  const map = told as { lo_xy_mm?: number[]; hi_xy_mm?: number[]; cells?: number[][] } | undefined;
  const { lo_xy_mm: lo, hi_xy_mm: hi, cells: rows } = map ?? {};
  if (!lo || !hi || !rows?.[0]) return [];
  const width = (hi[0]! - lo[0]!) / rows[0].length;
  const height = (hi[1]! - lo[1]!) / rows.length;
  const most = Math.max(...rows.flat().map(Math.abs));
  return rows.flatMap((row, j) =>
    row.flatMap((value, i) => {
      if (Math.abs(value) < LEAST_SHARE * most || most === 0) return [];
      const [x, y] = [lo[0]! + i * width, lo[1]! + j * height];
      return [{ box: { lo: [x, y, 0], hi: [x + width, y + height, 0] }, share: value / most } as Cell];
    }),
  );
}
