import { describe, expect, it } from "vitest";
import type { Verdict } from "../api/types";
import { conflictOf, mineAgain } from "./conflicts";
import { reviewEntry } from "./outboxes";
import type { ReviewEvent } from "./state";

const stored = { id: "s1", verdict: "not_a_lesion" as Verdict, created_at: "2026-11-26T14:02:00Z" };

function conflict(rest: Partial<ReviewEvent>, standing: typeof stored | null = stored) {
  const event: ReviewEvent = {
    id: "e1",
    candidate: "c1",
    verdict: "primary_lesion",
    absent: ["arterial"],
    undoes: null,
    seen: null,
    act: "e1",
    receipt: "queued",
    ...rest,
  };
  const entry = { ...reviewEntry("rs1", event), order: 1, owner: "reader" };
  return conflictOf({ ...entry, stale: { stored: standing } });
}

describe("keeping one's own version", () => {
  it("says it again under a new id, having seen what is stored", () => {
    expect(mineAgain(conflict({}), "e2")).toMatchObject({
      id: "e2",
      candidate: "c1",
      verdict: "primary_lesion",
      absent: ["arterial"],
      undoes: null,
      seen: "s1",
    });
  });

  it("takes back what is stored where it was a taking back", () => {
    const back = conflict({ verdict: null, undoes: "e0", absent: [] });
    expect(back.mine).toBeNull();
    expect(mineAgain(back, "e2")).toMatchObject({ verdict: null, undoes: "s1", seen: "s1" });
  });

  it("needs no word where nothing is stored and it was a taking back", () => {
    expect(mineAgain(conflict({ verdict: null, undoes: "e0", absent: [] }, null), "e2")).toBeNull();
  });

  it("stands alone where the other page took its own back", () => {
    expect(mineAgain(conflict({}, null), "e2")).toMatchObject({ verdict: "primary_lesion", seen: null });
  });
});
