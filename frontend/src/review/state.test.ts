import { describe, expect, it } from "vitest";
import { aCandidate, aReviewStudy } from "../testing/builders";
import {
  absentIn,
  aStored,
  contradiction,
  eventOf,
  lastAct,
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
  return {
    id,
    candidate: null,
    verdict: null,
    absent: [],
    undoes: null,
    seen: null,
    act: id,
    receipt: "queued",
    ...rest,
  };
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
    expect(lastAct(state).map((e) => e.id)).toEqual(["e1"]);
  });

  it("taken to the end leaves nothing to undo", () => {
    const state = having(open(study()), accept, event("e3", { candidate: "c1", undoes: "e1" }));
    expect(verdictOn(state, "c1")).toBeNull();
    expect(lastAct(state)).toEqual([]);
  });

  it("takes back all that one key said, the last first", () => {
    const rest = ["c1", "c2"].map((candidate, i) =>
      event(`r${i}`, { candidate, verdict: "not_a_lesion", act: "r0" }),
    );
    const before = event("e0", { candidate: "c1", verdict: "unsure" });
    expect(lastAct(having(open(study()), before, ...rest)).map((e) => e.id)).toEqual(["r1", "r0"]);
  });

  it("that was refused leaves the verdict standing", () => {
    const undone = having(open(study()), accept, event("e3", { candidate: "c1", undoes: "e1" }));
    const state = reduce(undone, { type: "receipt", id: "e3", receipt: "refused" });
    expect(verdictOn(state, "c1")?.id).toBe("e1");
  });
});

describe("what an event says to have seen", () => {
  const said = { candidate: "c1", verdict: "unsure", absent: [], undoes: null } as const;

  it("is what stands on the same target, be it on its way or stored", () => {
    expect(eventOf(open(study()), said, "e9", "e9").seen).toBeNull();
    expect(eventOf(having(open(study()), accept), said, "e9", "e9").seen).toBe("e1");
    expect(eventOf(having(open(study()), accept, reject), said, "e9", "e9").seen).toBe("e2");
    expect(eventOf(having(open(study()), accept), { ...said, candidate: "c2" }, "e9", "e9").seen).toBeNull();
  });

  it("is left out where an earlier visit's verdict was taken back and nobody told what stood before it", () => {
    const earlier = aReviewStudy({
      candidates: [{ ...aCandidate("c1", 1), verdict: "not_a_lesion", review_id: "e2" }],
    });
    const undone = having(open(earlier), event("e3", { candidate: "c1", undoes: "e2" }));
    expect(eventOf(undone, said, "e9", "e9").seen).toBeUndefined();
    const told = reduce(undone, { type: "told", study: study() });
    expect(eventOf(told, said, "e9", "e9").seen).toBeNull();
  });

  it("is what it takes back", () => {
    const back = { candidate: "c1", verdict: null, absent: [], undoes: "e1" };
    expect(eventOf(having(open(study()), accept), back, "e9", "e9").seen).toBe("e1");
  });

  it("is what another page stored, once that was told with a refusal", () => {
    const refused = reduce(having(open(study()), accept), {
      type: "receipt",
      id: "e1",
      receipt: "refused",
    });
    const state = reduce(refused, { type: "stood", event: aStored("s1", "c1", "not_a_lesion") });
    expect(verdictOn(state, "c1")).toMatchObject({ id: "s1", receipt: "stored" });
    expect(eventOf(state, said, "e9", "e9").seen).toBe("s1");
  });
});

describe("not visible in a phase", () => {
  it("is kept for the verdict that is to come", () => {
    const state = reduce(open(study()), { type: "mark", candidate: "c1", absent: ["arterial"] });
    expect(absentIn(state, "c1")).toEqual(["arterial"]);
    expect(absentIn(state, "c2")).toEqual([]);
  });

  it("goes with the verdict, and comes back with it", () => {
    const first = event("e1", { candidate: "c1", verdict: "primary_lesion", absent: ["arterial"] });
    const second = event("e2", { candidate: "c1", verdict: "primary_lesion" });
    const state = having(open(study()), first, second);
    expect(absentIn(state, "c1")).toEqual([]);
    expect(absentIn(having(state, event("e3", { candidate: "c1", undoes: "e2" })), "c1")).toEqual([
      "arterial",
    ]);
  });

  it("is told by the server with the reader's own verdict", () => {
    const own = { verdict: "primary_lesion" as const, review_id: "e2", absent_phases: ["delayed"] };
    const state = open(aReviewStudy({ candidates: [{ ...aCandidate("c1", 1), ...own }] }));
    expect(absentIn(state, "c1")).toEqual(["delayed"]);
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
