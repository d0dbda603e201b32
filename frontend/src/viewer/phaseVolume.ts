/** One phase's volume in memory, filled slice by slice while it arrives. */

import { NO_OFFSET } from "../geometry/offset";
import type { Vec3, VolumeGeometry } from "../geometry/volume";

/** Which image of a phase: its revision, and how it was moved by hand (mm). */
export interface Edition {
  readonly revision: number;
  readonly nudge: Vec3;
}

export const FIRST_EDITION: Edition = { revision: 0, nudge: NO_OFFSET };

export class PhaseVolume {
  readonly data: Int16Array;
  /** Grows with every arrival, so that views know when to draw again. */
  version = 0;
  error: string | null = null;
  private readonly present: Uint8Array;
  private count = 0;

  constructor(
    readonly phase: string,
    readonly geometry: VolumeGeometry,
    readonly edition: Edition = FIRST_EDITION,
  ) {
    const [z, y, x] = geometry.shape_zyx;
    this.data = new Int16Array(z * y * x);
    this.present = new Uint8Array(z);
  }

  get sliceLength(): number {
    return this.geometry.shape_zyx[1] * this.geometry.shape_zyx[2];
  }

  get slices(): number {
    return this.present.length;
  }

  get loadedSlices(): number {
    return this.count;
  }

  get complete(): boolean {
    return this.count === this.slices;
  }

  has(z: number): boolean {
    return this.present[z] === 1;
  }

  /** The values of an axial slice, (y, x). */
  slice(z: number): Int16Array {
    return this.data.subarray(z * this.sliceLength, (z + 1) * this.sliceLength);
  }

  /** Takes slices from `first` on; throws where they do not fit the grid. */
  put(first: number, values: Int16Array): void {
    const count = values.length / this.sliceLength;
    if (!Number.isInteger(count) || count < 1 || first < 0 || first + count > this.slices) {
      throw new RangeError(`The ${this.phase} phase came in a size that does not fit its grid.`);
    }
    this.data.set(values, first * this.sliceLength);
    for (let z = first; z < first + count; z++) {
      if (!this.present[z]) {
        this.present[z] = 1;
        this.count += 1;
      }
    }
    this.version += 1;
  }
}
