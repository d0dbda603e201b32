/** Verdicts on their way: sent one by one in the order they were given, kept until the server has them.
 *
 * Entries carry ids made here, so sending one twice stores it once. An entry is written to the store before
 * it is sent, and removed when it is answered; whoever owns it must be signed in for it to go. */
import type { ApiError } from "../api/errors";
import type { Id } from "../api/types";

export interface Entry {
  id: Id;
  order: number;
  owner: string;
  roundStudy: Id;
  path: string;
  body: Record<string, unknown>;
}

export interface Store {
  all(): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  remove(id: Id): Promise<void>;
}

export type OutboxState = "idle" | "sending" | "waiting" | "signed_out";

export type Answer =
  | { entry: Entry; outcome: "stored" }
  | { entry: Entry; outcome: "refused"; error: ApiError };

interface Options {
  owner: string;
  store: Store;
  send: (path: string, body: Record<string, unknown>) => Promise<unknown>;
  wait?: (ms: number) => Promise<void>;
  asError: (error: unknown) => ApiError;
  now?: () => number;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export class Outbox {
  state: OutboxState = "idle";
  /** Whether what waits would survive a reload. */
  durable = true;
  private entries: Entry[] = [];
  private writes = new Map<Id, Promise<void>>();
  private last = 0;
  private running = false;
  private hurry: (() => void) | null = null;
  private answers = new Set<(answer: Answer) => void>();
  private changes = new Set<() => void>();
  /** Resolves when what an earlier page left behind is in the queue. */
  readonly ready: Promise<void>;

  constructor(private readonly options: Options) {
    this.ready = this.restore();
    void this.ready.then(() => this.run());
  }

  get waiting(): number {
    return this.entries.length;
  }

  pending(roundStudy: Id): Entry[] {
    return this.entries.filter((entry) => entry.roundStudy === roundStudy);
  }

  onAnswer(listener: (answer: Answer) => void): () => void {
    this.answers.add(listener);
    return () => this.answers.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.changes.add(listener);
    return () => this.changes.delete(listener);
  }

  add(entry: Omit<Entry, "order" | "owner">): void {
    this.last = Math.max(this.last + 1, (this.options.now ?? Date.now)());
    const whole: Entry = { ...entry, order: this.last, owner: this.options.owner };
    this.entries.push(whole);
    const written = this.options.store.put(whole).catch(() => {
      this.durable = false;
    });
    this.writes.set(whole.id, written);
    this.changed();
    void this.run();
  }

  /** Tries at once: after signing in, or when the network is back. */
  resume(): void {
    if (this.state === "signed_out") this.state = "idle";
    this.hurry?.();
    void this.run();
  }

  private async restore(): Promise<void> {
    let kept: Entry[] = [];
    try {
      kept = await this.options.store.all();
    } catch {
      this.durable = false;
    }
    const here = new Set(this.entries.map((entry) => entry.id));
    const mine = kept.filter((entry) => entry.owner === this.options.owner && !here.has(entry.id));
    this.entries = [...mine.sort((a, b) => a.order - b.order), ...this.entries];
    this.last = Math.max(this.last, ...this.entries.map((entry) => entry.order));
    this.changed();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.ready;
    let pause = FIRST_WAIT_MS;
    while (this.entries[0] && this.state !== "signed_out") {
      const entry = this.entries[0];
      await this.writes.get(entry.id);
      this.become("sending");
      try {
        await this.options.send(entry.path, { ...entry.body, waited_ms: this.waited(entry) });
        await this.settle({ entry, outcome: "stored" });
        pause = FIRST_WAIT_MS;
      } catch (problem) {
        const error = this.options.asError(problem);
        if (error.signedOut) this.become("signed_out");
        else if (error.retryable) {
          this.become("waiting");
          await this.rest(pause);
          pause = Math.min(pause * 2, LONGEST_WAIT_MS);
        } else await this.settle({ entry, outcome: "refused", error });
      }
    }
    this.running = false;
    if (this.state !== "signed_out") this.become("idle");
  }

  /** How long ago the entry was made: the server counts it for then. */
  private waited(entry: Entry): number {
    return Math.max(0, (this.options.now ?? Date.now)() - entry.order);
  }

  private async settle(answer: Answer): Promise<void> {
    const { id } = answer.entry;
    this.entries = this.entries.filter((entry) => entry.id !== id);
    this.writes.delete(id);
    await this.options.store.remove(id).catch(() => {});
    for (const listener of this.answers) listener(answer);
    this.changed();
  }

  private async rest(ms: number): Promise<void> {
    const wait = this.options.wait ?? ((t: number) => new Promise<void>((done) => setTimeout(done, t)));
    const hurried = new Promise<void>((done) => {
      this.hurry = done;
    });
    await Promise.race([wait(ms), hurried]);
    this.hurry = null;
  }

  private become(state: OutboxState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed();
  }

  private changed(): void {
    for (const listener of this.changes) listener();
  }
}
