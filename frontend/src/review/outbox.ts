/** Verdicts on their way: sent one by one in the order they were given, kept until the server has them.
 *
 * Entries carry ids made here, so sending one twice stores it once. An entry is written to the store before
 * it is sent, and removed when it is answered; whoever owns it must be signed in for it to go. All pages of a
 * browser share the store: one of them sends at a time, and sends what a page that was closed left behind.
 * What the server refuses because another verdict stands meanwhile is kept until the reader has chosen. */
import type { ApiError } from "../api/errors";
import type { Id, Verdict } from "../api/types";

export interface Entry {
  id: Id;
  /** When it was given, in ms since 1970 of this browser's clock, and after every entry before it. */
  order: number;
  owner: string;
  roundStudy: Id;
  path: string;
  body: Record<string, unknown>;
  /** What it is about: a candidate, or null for the study as a whole. */
  candidate: Id | null;
  /** What one key did goes by one name. */
  act: Id;
  /** What stands in its place: the reader has to choose between the two. */
  stale?: Stale;
}

/** The server's word that another event of the same reader stands, null where none does. */
export interface Stale {
  stored: { id: Id; verdict: Verdict; created_at: string } | null;
}

export interface Store {
  all(): Promise<Entry[]>;
  has(id: Id): Promise<boolean>;
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
  /** Does work while no other page of this browser does any. */
  alone?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Tells the other pages, and hears from them, what was answered. */
  channel?: { tell: (answer: Answer) => void; hear: (listener: (answer: Answer) => void) => void };
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export class Outbox {
  state: OutboxState = "idle";
  /** Whether what waits would survive a reload. */
  durable = true;
  private entries: Entry[] = [];
  private aside: Entry[] = [];
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
    options.channel?.hear((answer) => this.heard(answer));
    void this.ready.then(() => this.run());
  }

  get waiting(): number {
    return this.entries.length;
  }

  /** Entries in whose place something else stands, the oldest first. */
  get conflicts(): readonly Entry[] {
    return this.aside;
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
    this.last = Math.max(this.last + 1, this.now());
    const whole: Entry = { ...entry, order: this.last, owner: this.options.owner };
    this.entries.push(whole);
    this.write(whole);
    this.changed();
    void this.run();
  }

  /** Lets go of an entry that something else stands in the place of. */
  settleConflict(id: Id): void {
    this.aside = this.aside.filter((entry) => entry.id !== id);
    void this.options.store.remove(id).catch(() => {});
    this.changed();
  }

  /** Tries at once: after signing in, or when the network is back. */
  resume(): void {
    if (this.state === "signed_out") this.state = "idle";
    this.hurry?.();
    void this.run();
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private write(entry: Entry): void {
    const written = this.options.store.put(entry).catch(() => {
      this.durable = false;
    });
    this.writes.set(entry.id, written);
  }

  /** Takes in what lies in the store: an earlier page's, or another's that is closed now. */
  private async restore(): Promise<void> {
    let kept: Entry[] = [];
    try {
      kept = await this.options.store.all();
    } catch {
      this.durable = false;
    }
    const here = new Set([...this.entries, ...this.aside].map((entry) => entry.id));
    const mine = kept.filter((entry) => entry.owner === this.options.owner && !here.has(entry.id));
    if (!mine.length) return;
    const all = [...mine, ...this.aside, ...this.entries].sort((a, b) => a.order - b.order);
    this.entries = all.filter((entry) => !entry.stale);
    this.aside = all.filter((entry) => entry.stale);
    this.last = Math.max(this.last, ...all.map((entry) => entry.order));
    this.changed();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.ready;
    let pause = FIRST_WAIT_MS;
    const alone = this.options.alone ?? ((work) => work());
    while (this.entries.length && this.state !== "signed_out") {
      const again = await alone(() => this.sendFirst());
      if (!again) pause = FIRST_WAIT_MS;
      else {
        await this.rest(pause);
        pause = Math.min(pause * 2, LONGEST_WAIT_MS);
      }
    }
    this.running = false;
    if (this.state !== "signed_out") this.become("idle");
  }

  /** Sends the oldest entry; true where it has to be tried again later. */
  private async sendFirst(): Promise<boolean> {
    await this.restore();
    const entry = this.entries[0];
    if (!entry) return false;
    await this.writes.get(entry.id);
    if (!(await this.isOurs(entry))) return false;
    this.become("sending");
    try {
      const waited = Math.max(0, Math.round(this.now() - entry.order));
      await this.options.send(entry.path, { ...entry.body, waited_ms: waited });
      await this.settle({ entry, outcome: "stored" });
    } catch (problem) {
      const error = this.options.asError(problem);
      if (error.signedOut) this.become("signed_out");
      else if (error.retryable) {
        this.become("waiting");
        return true;
      } else await this.settle({ entry, outcome: "refused", error });
    }
    return false;
  }

  /** Whether an entry is still to be sent: another page may have had its answer, and says what it was. */
  private async isOurs(entry: Entry): Promise<boolean> {
    if (!this.durable || !this.options.channel) return true;
    const there = await this.options.store.has(entry.id).catch(() => true);
    if (there) return true;
    // Its answer is on the way from the other page; should that be gone, the server told it all the same.
    await this.rest(100);
    if (this.entries.includes(entry)) this.forget({ entry, outcome: "stored" });
    return false;
  }

  private async settle(answer: Answer): Promise<void> {
    const { entry } = answer;
    const stale = answer.outcome === "refused" ? staleOf(answer.error) : null;
    if (stale) await this.options.store.put({ ...entry, stale }).catch(() => {});
    else await this.options.store.remove(entry.id).catch(() => {});
    this.options.channel?.tell(answer);
    this.forget(answer);
  }

  private heard(answer: Answer): void {
    if (this.entries.some((entry) => entry.id === answer.entry.id)) this.forget(answer);
  }

  /** The entry has its answer: it is not sent (again). */
  private forget(answer: Answer): void {
    const { entry } = answer;
    this.entries = this.entries.filter(({ id }) => id !== entry.id);
    this.writes.delete(entry.id);
    const stale = answer.outcome === "refused" ? staleOf(answer.error) : null;
    if (stale) this.setAside({ ...entry, stale });
    for (const listener of this.answers) listener(answer);
    this.changed();
  }

  /** Of several versions that one stored event stands in the way of the last one counts. */
  private setAside(entry: Entry): void {
    const target = (one: Entry) => `${one.roundStudy} ${one.candidate}`;
    for (const before of this.aside.filter((one) => target(one) === target(entry)))
      void this.options.store.remove(before.id).catch(() => {});
    this.aside = [...this.aside.filter((one) => target(one) !== target(entry)), entry];
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

/** What an answer of code `stale` says to stand; null for every other answer. */
export function staleOf(error: ApiError): Stale | null {
  if (error.code !== "stale") return null;
  return { stored: (error.details.stored as Stale["stored"] | undefined) ?? null };
}
