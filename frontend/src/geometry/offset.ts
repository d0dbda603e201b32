/** How far a phase is moved: vectors in mm (x, y, z), LPS. */

import { number } from "../i18n/t";
import { AXES, type Axis, type Vec3 } from "./volume";

export const NO_OFFSET: Vec3 = [0, 0, 0];

/** Where one comes to against and along x, y and z. */
const LETTERS: readonly (readonly [string, string])[] = [
  ["R", "L"],
  ["A", "P"],
  ["F", "H"],
];

/** The server keeps offsets to a thousandth of a millimetre. */
const DECIMALS = 3;
/** Less than this is not said. */
const SHOWN_MM = 0.05;

export function roundOffset(offset: Vec3, decimals = DECIMALS): Vec3 {
  // + 0: no negative zero.
  const along = (axis: Axis) => Number(offset[axis].toFixed(decimals)) + 0;
  return [along(0), along(1), along(2)];
}

export function addOffsets(a: Vec3, b: Vec3): Vec3 {
  return roundOffset([a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
}

export function sameOffset(a: Vec3, b: Vec3): boolean {
  const [p, q] = [roundOffset(a), roundOffset(b)];
  return AXES.every((axis) => p[axis] === q[axis]);
}

export function lengthMm(offset: Vec3): number {
  return Math.hypot(...offset);
}

/** "3.0 mm L, 1.5 mm H": how far towards which side of the patient; "0.0 mm" for nowhere. */
export function offsetText(offset: Vec3): string {
  const parts = AXES.filter((axis) => Math.abs(offset[axis]) >= SHOWN_MM).map((axis) => {
    const mm = offset[axis];
    return `${number(Math.abs(mm), 1)} mm ${LETTERS[axis]![mm > 0 ? 1 : 0]}`;
  });
  return parts.join(", ") || "0.0 mm";
}

/** "3.0 mm" along the straight line. */
export function lengthText(offset: Vec3): string {
  return `${number(lengthMm(offset), 1)} mm`;
}
