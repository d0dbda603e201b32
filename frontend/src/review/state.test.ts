import { describe, expect, it } from "vitest";
import { aCandidate, aReviewStudy } from "../testing/builders";
import {
  contradiction,
  lastUndoable,
  missing,
  open,
  queued,
  type ReviewEvent,
  type ReviewState,
  reduce,
  unjudged,
  verdictOn,
} from "./state";

const study = () => aReviewStudy({ candidates: [aCandidate("c1", 1), aCandidate("c2", 2)] });

function event(id: string, rest: Partial<ReviewEvent>): ReviewEvent {
  return { id, candidate: null, verdict: null, undoes: null, receipt: "queued", ...rest };
}

function having(state: ReviewState, ...events: ReviewEvent[]): ReviewState {
  return events.reduce((s, e) => reduce(s, { type: "event", event: e }), state);
}

const accept = event("e1", { candidate: "c1", verdict: "primary_lesion" });
const reject = event("e2", { candidate: "c1", verdict: "not_a_lesion" });

describe("a verdict", () => {
  it("counts at once and waits for its receipt", () => {
    const state = having(open(study()), accept);
    expect(verdictOn(state, "c1")).toMatchObject({ verdict: "primary_lesion", receipt: "queued" });
    expect(verdictOn(reduce(state, { type: "receipt", id: "e1", receipt: "stored" }), "c1")?.receipt).toBe(
      "stored",
    );
    expect(queued(state)).toBe(1);
  });

  it("moves nothing", () => {
    const before = { ...open(study()), current: 1 };
    expect(having(before, accept).current).toBe(1);
  });

  it("is replaced by a later one on the same candidate", () => {
    expect(verdictOn(having(open(study()), accept, reject), "c1")?.verdict).toBe("not_a_lesion");
  });

  it("that the server refuses does not count, and the former one stands again", () => {
    const refused = reduce(having(open(study()), accept, reject), {
      type: "receipt",
      id: "e2",
      receipt: "refused",
      message: "Another reader has this study open.",
    });
    expect(verdictOn(refused, "c1")?.verdict).toBe("primary_lesion");
    expect(refused.note).toEqual({ kind: "error", text: "Another reader has this study open." });
  });
});

describe("undo", () => {
  it("brings the former verdict back", () => {
    const state = having(open(study()), accept, reject, event("e3", { candidate: "c1", undoes: "e2" }));
    expect(verdictOn(state, "c1")?.id).toBe("e1");
    expect(lastUndoable(state)?.id).toBe("e1");
  });

  it("taken to the end leaves nothing to undo", () => {
    const state = having(open(study()), accept, event("e3", { candidate: "c1", undoes: "e1" }));
    expect(verdictOn(state, "c1")).toBeNull();
    expect(lastUndoable(state)).toBeNull();
  });

  it("that was refused leaves the verdict standing", () => {
    const undone = having(open(study()), accept, event("e3", { candidate: "c1", undoes: "e1" }));
    const state = reduce(undone, { type: "receipt", id: "e3", receipt: "refused" });
    expect(verdictOn(state, "c1")?.id).toBe("e1");
  });
});

describe("opening a study", () => {
  const judged = () =>
    aReviewStudy({
      candidates: [{ ...aCandidate("c1", 1), verdict: "not_a_lesion", review_id: "e2" }, aCandidate("c2", 2)],
    });

  it("starts at the first candidate that is not judged", () => {
    expect(open(judged()).current).toBe(1);
  });

  it("shows what still waits in the outbox over what the server knows", () => {
    const state = open(judged(), [event("e9", { candidate: "c1", verdict: "unsure" })]);
    expect(verdictOn(state, "c1")).toMatchObject({ verdict: "unsure", receipt: "queued" });
  });

  it("keeps the order of the outbox where the server has the last of it already", () => {
    expect(verdictOn(open(judged(), [accept, reject]), "c1")?.id).toBe("e2");
  });

  it("learns later what stood before an undone verdict", () => {
    const undone = having(open(judged()), event("e3", { candidate: "c1", undoes: "e2" }));
    const fresh = aReviewStudy({
      candidates: [{ ...aCandidate("c1", 1), verdict: "unsure", review_id: "e0" }, aCandidate("c2", 2)],
    });
    expect(verdictOn(reduce(undone, { type: "told", study: fresh }), "c1")?.verdict).toBe("unsure");
  });
});

describe("a study is done", () => {
  it("when every candidate is judged", () => {
    const half = having(open(study()), accept);
    expect(missing(half)).toBe("1 of 2 not judged yet.");
    expect(unjudged(half).map((c) => c.id)).toEqual(["c2"]);
    expect(missing(having(half, event("e4", { candidate: "c2", verdict: "unsure" })))).toBeNull();
  });

  it("when something is said of the whole of it", () => {
    expect(missing(having(open(study()), event("e5", { verdict: "missed" })))).toBeNull();
  });

  it("not by having no candidates", () => {
    expect(missing(open(aReviewStudy({ candidates: [] })))).not.toBeNull();
  });
});

describe("a contradiction", () => {
  it("is an accepted lesion in a study without lesions, in either order", () => {
    expect(contradiction(having(open(study()), accept), "no_lesion")).not.toBeNull();
    expect(
      contradiction(having(open(study()), event("e5", { verdict: "no_lesion" })), "other_lesion"),
    ).not.toBeNull();
  });

  it("is not a rejected candidate", () => {
    expect(contradiction(having(open(study()), reject), "no_lesion")).toBeNull();
  });
});

describe("moving about", () => {
  it("stops at the first and the last candidate", () => {
    const start = open(study());
    expect(reduce(start, { type: "move", by: -1 }).current).toBe(0);
    expect(reduce(reduce(start, { type: "move", by: 5 }), { type: "move", by: 1 }).current).toBe(1);
  });

  it("scrubs within the slices that the sprite holds, each candidate on its own", () => {
    let state = open(study());
    for (let i = 0; i < 9; i++) state = reduce(state, { type: "scrub", candidate: "c1", by: 1 });
    expect(state.offsets).toEqual({ c1: 3 });
    for (let i = 0; i < 20; i++) state = reduce(state, { type: "scrub", candidate: "c1", by: -1 });
    expect(state.offsets).toEqual({ c1: -3 });
  });
});
