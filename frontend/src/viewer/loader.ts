/** Loads the phases of a study: what is on the screen first, then the rest. */

import { type Chunk, chunkPlan } from "./chunks";
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

/** Requests under way at once: two keep the line busy without starving the first image. */
const LANES = 2;

const wait = (attempt: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.min(1000 * 2 ** attempt, 15000)));

/** Serves volumes until all are complete; `show` says which phases are on the screen. */
export class VolumeLoader {
  private readonly queues: Map<string, Chunk[]>;
  private readonly controller = new AbortController();
  private shown: readonly string[] = [];
  private lanes = 0;

  constructor(
    private readonly volumes: readonly PhaseVolume[],
    private readonly options: LoaderOptions,
  ) {
    this.queues = new Map(volumes.map((volume) => [volume.phase, chunkPlan(volume.slices, options.middle)]));
  }

  /** These phases come next; the first chunk of each before the rest of any. */
  show(phases: readonly string[]): void {
    this.shown = phases;
    while (this.lanes < LANES && this.remaining()) {
      this.lanes += 1;
      void this.lane();
    }
  }

  stop(): void {
    this.controller.abort();
  }

  private remaining(): boolean {
    return [...this.queues.values()].some((queue) => queue.length > 0);
  }

  private take(): { volume: PhaseVolume; chunk: Chunk } | null {
    const waiting = this.volumes.filter((volume) => this.queues.get(volume.phase)?.length);
    const shown = waiting.filter((volume) => this.shown.includes(volume.phase));
    const candidates = shown.length > 0 ? shown : waiting;
    const volume = candidates.reduce<PhaseVolume | null>(
      (best, next) => (best && this.taken(best) <= this.taken(next) ? best : next),
      null,
    );
    const chunk = volume && this.queues.get(volume.phase)?.shift();
    return volume && chunk ? { volume, chunk } : null;
  }

  /** Chunks of a phase asked for so far, so that shown phases advance side by side. */
  private taken(volume: PhaseVolume): number {
    const left = this.queues.get(volume.phase)?.length ?? 0;
    return chunkPlan(volume.slices, this.options.middle).length - left;
  }

  private async lane(): Promise<void> {
    for (let next = this.take(); next && !this.controller.signal.aborted; next = this.take()) {
      await this.fetch(next.volume, next.chunk);
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
          this.queues.set(volume.phase, []);
          return;
        }
        await pause(attempt);
      }
    }
  }
}
