/** Sends drawn lesions until the server has acknowledged them; what it has, is in `receipts`. */

import { asApiError } from "../api/errors";
import {
  acknowledged,
  NO_RECEIPT,
  nextStep,
  type Receipt,
  refused,
  type Step,
  sending,
  statusOf,
} from "./saving";
import type { DrawnLesion } from "./state";

export type Receipts = Readonly<Record<string, Receipt>>;

interface Options {
  readonly send: (step: Step) => Promise<void>;
  readonly newId: () => string;
  /** Called after every change of the receipts, before anything is sent: they are to be kept. */
  readonly onChange: (receipts: Receipts) => void;
  /** The rest before a request that got no answer is sent again. */
  readonly pause?: (attempt: number) => Promise<void>;
}

const LONGEST_PAUSE_MS = 15_000;

export class Saver {
  private running: Promise<boolean> = Promise.resolve(true);
  private wake: (() => void) | null = null;

  constructor(
    public receipts: Receipts,
    private readonly options: Options,
  ) {}

  /**
   * Brings the server to hold exactly these lesions of those drawn here; true once it does, false where
   * it refused one. A second call waits for the first and then sends what has changed.
   */
  save(lesions: readonly DrawnLesion[]): Promise<boolean> {
    this.hurry();
    this.running = this.running.then(() => this.saveAll(lesions));
    return this.running;
  }

  /** Says of everything that `save` would send that it waits, before anything else is waited for. */
  announce(lesions: readonly DrawnLesion[]): void {
    for (const lesion of lesions) {
      const receipt = this.receipts[lesion.key] ?? NO_RECEIPT;
      if (statusOf(receipt, lesion) !== "stored") {
        this.write(lesion.key, { ...receipt, queued: true, error: null });
      }
    }
  }

  /** Tries at once what waits for the network. */
  hurry(): void {
    this.wake?.();
  }

  private async saveAll(lesions: readonly DrawnLesion[]): Promise<boolean> {
    const drawn = new Map(lesions.map((lesion) => [lesion.key, lesion]));
    const keys = [...new Set([...Object.keys(this.receipts), ...drawn.keys()])];
    let done = true;
    for (const key of keys) {
      done = (await this.settle(key, drawn.get(key) ?? null)) && done;
    }
    return done;
  }

  private async settle(key: string, lesion: DrawnLesion | null): Promise<boolean> {
    const { newId, send } = this.options;
    for (let attempt = 0; ; ) {
      const receipt = this.receipts[key] ?? NO_RECEIPT;
      const step = nextStep(receipt, lesion, newId);
      if (!step) {
        const empty = !receipt.stored;
        this.write(key, empty ? null : { ...receipt, queued: false, error: null });
        return true;
      }
      this.write(key, sending(receipt, step));
      try {
        await send(step);
        this.write(key, acknowledged(this.receipts[key] ?? receipt, step));
        attempt = 0;
      } catch (problem) {
        const error = asApiError(problem);
        if (!error.retryable && !error.signedOut) {
          this.write(key, refused(this.receipts[key] ?? receipt, error.message));
          return false;
        }
        await this.rest(attempt++);
      }
    }
  }

  private async rest(attempt: number): Promise<void> {
    const { pause } = this.options;
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    const ms = Math.min(1000 * 2 ** attempt, LONGEST_PAUSE_MS);
    const waited = pause ? pause(attempt) : new Promise<void>((resolve) => setTimeout(resolve, ms));
    await Promise.race([woken, waited]);
    this.wake = null;
  }

  private write(key: string, receipt: Receipt | null): void {
    const { [key]: _old, ...others } = this.receipts;
    this.receipts = receipt ? { ...others, [key]: receipt } : others;
    this.options.onChange(this.receipts);
  }
}
