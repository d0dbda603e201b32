/** Seconds at a study, for the eye: what counts is measured by the server, by the same rule. */

/** A pause counts up to here and no further (IDLE_S of harvest/labour/idle.py). */
export const IDLE_S = 30;
/** How often the server is told that the reader is at it. */
export const BEAT_S = 10;

export class ActiveClock {
  private sum = 0;
  private last: number | null = null;
  private told: number;

  /** `beat` is called at a touch, where the last call was BEAT_S ago or more. */
  constructor(
    private readonly now: () => number,
    private readonly beat: () => void = () => {},
  ) {
    this.told = this.now() / 1000;
  }

  /** Something was done (a key, a move of the pointer, a study opened). */
  touch(): void {
    const at = this.now() / 1000;
    if (this.last !== null) this.sum += Math.min(at - this.last, IDLE_S);
    this.last = at;
    if (at - this.told >= BEAT_S) {
      this.told = at;
      this.beat();
    }
  }

  /** The page went out of sight: what follows does not count until the next touch. */
  pause(): void {
    if (this.last !== null) this.touch();
    this.last = null;
  }

  /** Seconds since the start. */
  get total(): number {
    const open = this.last === null ? 0 : Math.min(this.now() / 1000 - this.last, IDLE_S);
    return this.sum + open;
  }
}
