import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiError, asApiError, offline } from "../api/errors";
import { type Answer, type Entry, Outbox, type Store } from "./outbox";
import { IndexedStore } from "./store";

let database = 0;
let factory: IDBFactory;

beforeEach(() => {
  database += 1;
  // Every test has a database of its own under the store's name.
  const name = `test-${database}`;
  factory = { open: (_: string, version?: number) => indexedDB.open(name, version) } as IDBFactory;
});

interface Sent {
  path: string;
  body: Record<string, unknown>;
}

/** A server that answers in turn as told; what runs out is answered well. */
function server(...answers: (Error | null)[]) {
  const sent: Sent[] = [];
  const send = async (path: string, body: Record<string, unknown>) => {
    sent.push({ path, body });
    const answer = answers.shift();
    if (answer) throw answer;
  };
  return { sent, send };
}

function outbox(send: (path: string, body: Record<string, unknown>) => Promise<unknown>, rest = {}) {
  return new Outbox({
    owner: "reader",
    store: new IndexedStore(factory),
    send,
    asError: asApiError,
    wait: async () => {},
    ...rest,
  });
}

const entry = (id: string, rest = {}) => ({
  id,
  roundStudy: "rs1",
  candidate: null,
  act: id,
  path: "/reviews",
  body: { id },
  ...rest,
});

function answersOf(box: Outbox): Answer[] {
  const answers: Answer[] = [];
  box.onAnswer((answer) => answers.push(answer));
  return answers;
}

/** Resolves when the outbox is empty and at rest. */
function settled(box: Outbox): Promise<void> {
  return new Promise((done) => {
    const look = () => box.waiting === 0 && box.state === "idle" && done();
    box.onChange(look);
    look();
  });
}

function becomes(box: Outbox, state: Outbox["state"]): Promise<void> {
  return new Promise((done) => {
    const look = () => box.state === state && done();
    box.onChange(look);
    look();
  });
}

const expired = () => new ApiError(403, "not_authenticated", "Sign in.");

describe("the outbox", () => {
  it("sends in the order given and tells of each receipt", async () => {
    const { sent, send } = server();
    const box = outbox(send);
    const answers = answersOf(box);
    for (const id of ["a", "b", "c"]) box.add(entry(id));
    await settled(box);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "b", "c"]);
    expect(answers.map((a) => a.outcome)).toEqual(["stored", "stored", "stored"]);
  });

  it("tries again under the same id while the server is away, and nothing overtakes", async () => {
    const { sent, send } = server(offline(), new ApiError(503, "busy", "Busy."), null);
    const box = outbox(send);
    box.add(entry("a"));
    box.add(entry("b"));
    await settled(box);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "a", "a", "b"]);
  });

  it("waits longer and longer between tries", async () => {
    const waits: number[] = [];
    const { send } = server(...Array.from({ length: 7 }, offline));
    const box = outbox(send, { wait: async (ms: number) => void waits.push(ms) });
    box.add(entry("a"));
    await settled(box);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  });

  it("goes on after a refusal, and says what was refused", async () => {
    const { sent, send } = server(new ApiError(409, "leased", "Another reader has this study open."), null);
    const box = outbox(send);
    const answers = answersOf(box);
    box.add(entry("a"));
    box.add(entry("b"));
    await settled(box);
    expect(sent).toHaveLength(2);
    expect(answers[0]).toMatchObject({ outcome: "refused", error: { code: "leased" } });
    expect(answers[1]).toMatchObject({ outcome: "stored" });
  });

  it("keeps everything when the session ends, and sends it after signing in", async () => {
    const { sent, send } = server(expired(), null);
    const box = outbox(send);
    box.add(entry("a"));
    box.add(entry("b"));
    await becomes(box, "signed_out");
    expect(box.waiting).toBe(2);
    box.resume();
    await settled(box);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "a", "b"]);
  });

  it("loses nothing by a reload: another page sends what is left, in order", async () => {
    const first = outbox(server(expired()).send);
    first.add(entry("a"));
    first.add(entry("b"));
    await becomes(first, "signed_out");
    const { sent, send } = server();
    const second = outbox(send);
    await second.ready;
    expect(second.pending("rs1").map((e) => e.id)).toEqual(["a", "b"]);
    await settled(second);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "b"]);
    const third = outbox(send);
    await third.ready;
    expect(third.waiting).toBe(0);
  });

  it("never sends what another person left behind on this machine", async () => {
    const first = outbox(server(expired()).send, { owner: "somebody" });
    first.add(entry("a"));
    await becomes(first, "signed_out");
    const { sent, send } = server();
    const second = outbox(send);
    await second.ready;
    await settled(second);
    expect(sent).toEqual([]);
    expect(await new IndexedStore(factory).all()).toHaveLength(1);
  });

  it("sends without a database too, and says that a reload would lose what waits", async () => {
    const broken: Store = {
      all: () => Promise.reject(new Error("no database")),
      has: () => Promise.reject(new Error("no database")),
      put: () => Promise.reject(new Error("no database")),
      remove: () => Promise.reject(new Error("no database")),
    };
    const { sent, send } = server();
    const box = outbox(send, { store: broken });
    box.add(entry("a"));
    await settled(box);
    expect(sent).toHaveLength(1);
    expect(box.durable).toBe(false);
  });

  it("has an entry on disk before it is sent", async () => {
    const seen: Entry[][] = [];
    const store = new IndexedStore(factory);
    const box = outbox(async () => void seen.push(await store.all()));
    box.add(entry("a"));
    await settled(box);
    expect(seen[0]?.map((e) => e.id)).toEqual(["a"]);
  });

  it("says with each entry how long it waited", async () => {
    let now = 1000;
    const { sent, send } = server(offline(), null);
    const box = outbox(send, {
      now: () => now,
      wait: async (ms: number) => {
        now += ms;
      },
    });
    box.add(entry("a"));
    await settled(box);
    expect(sent.map(({ body }) => body.waited_ms)).toEqual([0, 1000]);
  });
});

const stale = (id: string | null) =>
  new ApiError(409, "stale", "Another verdict of yours stands.", {
    stored: id && { id, verdict: "not_a_lesion", created_at: "2026-11-26T14:02:00Z" },
  });

describe("a verdict in whose place another one stands", () => {
  it("is kept for the reader to choose, while the others go on", async () => {
    const { sent, send } = server(stale("s1"), null);
    const box = outbox(send);
    box.add(entry("a", { candidate: "c1" }));
    box.add(entry("b", { candidate: "c2" }));
    await settled(box);
    expect(sent).toHaveLength(2);
    expect(box.conflicts).toMatchObject([{ id: "a", stale: { stored: { id: "s1" } } }]);
    box.settleConflict("a");
    expect(box.conflicts).toEqual([]);
  });

  it("is there after a reload, and is never sent by itself", async () => {
    const first = outbox(server(stale("s1")).send);
    first.add(entry("a"));
    await settled(first);
    const { sent, send } = server();
    const second = outbox(send);
    await second.ready;
    await settled(second);
    expect(sent).toEqual([]);
    expect(second.conflicts.map((e) => e.id)).toEqual(["a"]);
  });

  it("is the last one where several were given on the same target", async () => {
    const box = outbox(server(stale("s1"), stale("s1"), stale(null)).send);
    box.add(entry("a", { candidate: "c1" }));
    box.add(entry("b", { candidate: "c1" }));
    box.add(entry("c", { candidate: "c2" }));
    await settled(box);
    expect(box.conflicts.map((e) => e.id)).toEqual(["b", "c"]);
    expect((await new IndexedStore(factory).all()).map((e) => e.id)).toEqual(["b", "c"]);
  });
});

describe("two pages of one browser", () => {
  /** Locks and a channel as a browser has them. */
  function browser() {
    let last: Promise<unknown> = Promise.resolve();
    const listeners: ((answer: Answer) => void)[] = [];
    return () => {
      const own: { hear: ((answer: Answer) => void) | null } = { hear: null };
      return {
        alone: <T>(work: () => Promise<T>) => {
          const turn = last.then(work);
          last = turn.catch(() => {});
          return turn;
        },
        channel: {
          tell: (answer: Answer) => {
            for (const listener of listeners) if (listener !== own.hear) listener(answer);
          },
          hear: (listener: (answer: Answer) => void) => {
            own.hear = listener;
            listeners.push(listener);
          },
        },
      };
    };
  }

  it("send what lies in their store once, and whoever gave it has the receipts", async () => {
    const page = browser();
    const { sent, send } = server();
    const first = outbox(send, page());
    await first.ready;
    for (const id of ["a", "b", "c"]) first.add(entry(id));
    const second = outbox(send, page());
    const answers = answersOf(first);
    await Promise.all([settled(first), settled(second)]);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "b", "c"]);
    expect(answers.map((a) => a.entry.id)).toEqual(["a", "b", "c"]);
  });

  it("send for each other: what a closed page left goes with the next verdict of an open one", async () => {
    const page = browser();
    const { sent, send } = server();
    const open = outbox(send, page());
    await open.ready;
    const closed = outbox(server(expired()).send, page());
    closed.add(entry("a"));
    await becomes(closed, "signed_out");
    open.add(entry("b"));
    await settled(open);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "b"]);
    expect(closed.waiting).toBe(0);
  });
});
