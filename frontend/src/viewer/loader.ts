/** Loads the phases of a study: what is on the screen first, then what the reader comes to next, then the rest. */

import { type Chunk, chunkAt, chunkCount, distance, type Focus } from "./chunks";
import type { PhaseVolume } from "./phaseVolume";

/** Bytes of `count` slices from `first` on: int16, little endian, (z, y, x). */
export type FetchSlices = (volume: PhaseVolume, chunk: Chunk, signal: AbortSignal) => Promise<ArrayBuffer>;

export interface LoaderOptions {
  readonly fetchSlices: FetchSlices;
  /** The axial slice to begin with. */
  readonly middle: number;
  /** Called after every arrival and every failure. */
  readonly onChange: () => void;
  /** What to say of a failure, and whether trying again may help. */
  readonly explain: (error: unknown) => { message: string; retry: boolean };
  /** Waits before the same chunk is asked for again. */
  readonly pause?: (attempt: number) => Promise<void>;
}

/** Requests under way at once: two keep the line busy, and a reader who turns waits for no more than two. */
const LANES = 2;

const wait = (attempt: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.min(1000 * 2 ** attempt, 15000)));

/** Serves volumes until all are complete; `show` says which phases are on the screen, `focus` which slice. */
export class VolumeLoader {
  /** By phase, the chunks that were not asked for. */
  private readonly waiting: Map<string, Set<number>>;
  private readonly controller = new AbortController();
  private shown: readonly string[] = [];
  private at: Focus;
  private lanes = 0;

  constructor(
    private readonly volumes: readonly PhaseVolume[],
    private readonly options: LoaderOptions,
  ) {
    this.at = { slice: options.middle, heading: 0 };
    this.waiting = new Map(
      volumes.map(({ phase, slices }) => [phase, new Set(Array(chunkCount(slices)).keys())]),
    );
  }

  /** These phases come next, side by side. */
  show(phases: readonly string[]): void {
    this.shown = phases;
    while (this.lanes < LANES && this.next()) {
      this.lanes += 1;
      void this.lane();
    }
  }

  /** The reader came to this slice: what lies near it comes next, first what lies in the way he went. */
  focus(slice: number): void {
    if (slice !== this.at.slice) {
      this.at = { slice, heading: slice > this.at.slice ? 1 : -1 };
    }
  }

  stop(): void {
    this.controller.abort();
  }

  /** The nearest chunk of the shown phases, of all once those are there; of equals, the phase that has less. */
  private next(): { volume: PhaseVolume; index: number } | null {
    const left = ({ phase }: PhaseVolume) => this.waiting.get(phase) ?? new Set<number>();
    const open = this.volumes.filter((volume) => left(volume).size > 0);
    const shown = open.filter(({ phase }) => this.shown.includes(phase));
    let best: { volume: PhaseVolume; index: number; far: number; left: number } | null = null;
    for (const volume of shown.length > 0 ? shown : open) {
      for (const index of left(volume)) {
        const far = distance(chunkAt(index, volume.slices), this.at);
        const more = left(volume).size;
        if (!best || far < best.far || (far === best.far && more > best.left)) {
          best = { volume, index, far, left: more };
        }
      }
    }
    return best;
  }

  private async lane(): Promise<void> {
    for (let next = this.next(); next && !this.controller.signal.aborted; next = this.next()) {
      this.waiting.get(next.volume.phase)?.delete(next.index);
      await this.fetch(next.volume, chunkAt(next.index, next.volume.slices));
    }
    this.lanes -= 1;
  }

  private async fetch(volume: PhaseVolume, chunk: Chunk): Promise<void> {
    const { fetchSlices, onChange, explain, pause = wait } = this.options;
    const { signal } = this.controller;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const bytes = await fetchSlices(volume, chunk, signal);
        if (bytes.byteLength !== chunk.count * volume.sliceLength * 2) {
          throw new RangeError("The server sent another number of slices than it was asked for.");
        }
        // Every browser's platform is little endian, as the bytes are.
        volume.put(chunk.first, new Int16Array(bytes));
        volume.error = null;
        onChange();
        return;
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        const { message, retry } = explain(error);
        volume.error = message;
        onChange();
        if (!retry) {
          this.waiting.get(volume.phase)?.clear();
          return;
        }
        await pause(attempt);
      }
    }
  }
}
