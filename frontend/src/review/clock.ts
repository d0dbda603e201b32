/** Active seconds: time in which somebody was at it. A pause counts up to `IDLE_S` and no further. */

export const IDLE_S = 30;

export class ActiveClock {
  private sum = 0;
  private taken = 0;
  private last: number | null = null;

  constructor(private readonly now: () => number) {}

  /** Something was done (a key, a move of the pointer, a study opened). */
  touch(): void {
    const at = this.now() / 1000;
    if (this.last !== null) this.sum += Math.min(at - this.last, IDLE_S);
    this.last = at;
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

  /** Seconds since the last take, so that the takes add up to the total. */
  take(): number {
    this.touch();
    const seconds = this.sum - this.taken;
    this.taken = this.sum;
    return Math.round(seconds * 100) / 100;
  }
}
