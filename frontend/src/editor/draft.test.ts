import { describe, expect, it } from "vitest";
import { type Draft, dropDraft, keepDraft, nudgesStill, type Shelf, takeDraft } from "./draft";
import { contentOf, NO_RECEIPT } from "./saving";
import type { DrawnLesion } from "./state";

function shelf(): Shelf & { content: Map<string, string> } {
  const content = new Map<string, string>();
  return {
    content,
    getItem: (key) => content.get(key) ?? null,
    setItem: (key, value) => void content.set(key, value),
    removeItem: (key) => void content.delete(key),
  };
}

const lesion = (key: string): DrawnLesion => ({
  key,
  box: { lo: [0.1 + 0.2, 0, -1e-7], hi: [10, 10, 10] },
  primary: true,
  lesion_class: "hcc",
  absent_phases: ["delayed"],
  replaces: null,
});
const draft = (...keys: string[]): Draft => ({
  lesions: keys.map(lesion),
  nudges: {},
  receipts: {},
  verdictId: "v",
});

describe("a phase that was moved and not saved", () => {
  const moved = { arterial: { to: [3, 0, 0] as const, from: [0, 0, 0] as const } };

  it("is moved after a reload, too", () => {
    const place = shelf();
    keepDraft(place, "ada", "study-1", { ...draft(), nudges: moved });
    const kept = takeDraft(place, "ada", "study-1")!.nudges;
    expect(nudgesStill(kept, { arterial: [0, 0, 0] })).toEqual({
      nudges: { arterial: [3, 0, 0] },
      origins: { arterial: [0, 0, 0] },
    });
  });

  it("is left where somebody moved it meanwhile, and where it was saved after all", () => {
    for (const now of [
      [1, 1, 1],
      [3, 0, 0],
    ] as const)
      expect(nudgesStill(moved, { arterial: now })).toEqual({ nudges: {}, origins: {} });
    expect(nudgesStill(moved, {})).toEqual({ nudges: {}, origins: {} });
  });
});

describe("a draft", () => {
  it("comes back exactly, to the same reader and study only", () => {
    const place = shelf();
    keepDraft(place, "ada", "study-1", draft("a", "b"));
    expect(takeDraft(place, "ada", "study-1")).toEqual(draft("a", "b"));
    expect(takeDraft(place, "ada", "study-2")).toBeNull();
    expect(takeDraft(place, "bob", "study-1")).toBeNull();
  });

  it("comes back without what the server holds, and with what it has not acknowledged", () => {
    const place = shelf();
    const pending = { ...contentOf(lesion("b")), id: "i", replaces: null };
    const receipts = {
      a: { ...NO_RECEIPT, stored: { id: "s", content: contentOf(lesion("a")) } },
      b: { ...NO_RECEIPT, pending, queued: true },
    };
    keepDraft(place, "ada", "study-1", { ...draft("a", "b"), receipts });
    const back = takeDraft(place, "ada", "study-1");
    expect(back?.lesions.map(({ key }) => key)).toEqual(["b"]);
    expect(back?.receipts).toEqual({ b: receipts.b });
  });

  it("leaves nothing behind once it is empty or dropped", () => {
    const place = shelf();
    keepDraft(place, "ada", "study-1", draft("a"));
    keepDraft(place, "ada", "study-1", draft());
    expect(place.content.size).toBe(0);
    keepDraft(place, "ada", "study-1", draft("a"));
    dropDraft(place, "ada", "study-1");
    expect(place.content.size).toBe(0);
  });

  it("that cannot be read is none, and a browser that keeps nothing says so", () => {
    const place = shelf();
    keepDraft(place, "ada", "study-1", draft("a"));
    for (const text of ["{", "null", '{"version":1}', '{"version":1,"verdictId":"v","lesions":[{}]}']) {
      place.content.set([...place.content.keys()][0]!, text);
      expect(takeDraft(place, "ada", "study-1")).toBeNull();
    }
    const full: Shelf = {
      ...place,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    };
    expect(keepDraft(full, "ada", "study-1", draft("a"))).toBe(false);
  });
});
