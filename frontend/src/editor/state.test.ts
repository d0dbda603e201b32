import { describe, expect, it } from "vitest";
import { seeded } from "../geometry/example";
import { type Action, type DrawnLesion, initialState, nudgesOf, reduce, selectedLesion } from "./state";

function lesion(key: string, x = 0): DrawnLesion {
  return {
    key,
    box: { lo: [x, 0, 0], hi: [x + 10, 10, 10] },
    primary: false,
    lesion_class: "",
    absent_phases: [],
    replaces: null,
  };
}

const run = (actions: Action[], state = initialState()) => actions.reduce(reduce, state);
const moved = (key: string, x: number, gesture?: string): Action => ({
  type: "change",
  key,
  change: { box: lesion(key, x).box },
  gesture,
});

describe("the editor's state", () => {
  it("selects what was added", () => {
    const state = run([
      { type: "add", lesion: lesion("a") },
      { type: "add", lesion: lesion("b") },
    ]);
    expect(selectedLesion(state)?.key).toBe("b");
  });

  it("takes a whole drag back in one step", () => {
    const state = run([
      { type: "add", lesion: lesion("a") },
      moved("a", 1, "drag 1"),
      moved("a", 2, "drag 1"),
      moved("a", 3, "drag 1"),
      { type: "endGesture" },
      { type: "undo" },
    ]);
    expect(state.lesions).toEqual([lesion("a")]);
    expect(run([{ type: "redo" }], state).lesions).toEqual([lesion("a", 3)]);
  });

  it("keeps two drags apart, even of the same name", () => {
    const state = run([
      { type: "add", lesion: lesion("a") },
      moved("a", 1, "drag"),
      { type: "endGesture" },
      moved("a", 2, "drag"),
      { type: "undo" },
    ]);
    expect(state.lesions).toEqual([lesion("a", 1)]);
  });

  it("forgets what was undone once something new is done", () => {
    const state = run([
      { type: "add", lesion: lesion("a") },
      { type: "undo" },
      { type: "add", lesion: lesion("b") },
      { type: "redo" },
    ]);
    expect(state.lesions.map(({ key }) => key)).toEqual(["b"]);
  });

  it("brings a removed lesion back as it was, and selects nothing that is gone", () => {
    const removed = run([
      { type: "add", lesion: lesion("a", 4) },
      { type: "remove", key: "a" },
    ]);
    expect(removed.selected).toBeNull();
    expect(run([{ type: "undo" }], removed).lesions).toEqual([lesion("a", 4)]);
  });

  it("does nothing, and adds no step, for a lesion that is not there", () => {
    const state = initialState({ lesions: [lesion("a")] });
    expect(
      run([moved("b", 1), { type: "remove", key: "b" }, { type: "undo" }, { type: "redo" }], state),
    ).toBe(state);
  });

  it("gets back to the beginning and to the end again from any series of changes", () => {
    const random = seeded(7);
    for (let round = 0; round < 50; round++) {
      let state = initialState();
      for (let i = 0; i < 30; i++) {
        const key = `l${Math.floor(random() * 5)}`;
        const present = state.lesions.some((existing) => existing.key === key);
        const choice = random();
        if (!present) state = reduce(state, { type: "add", lesion: lesion(key, random()) });
        else if (choice < 0.3) state = reduce(state, { type: "remove", key });
        else state = reduce(state, moved(key, random(), choice < 0.6 ? "drag" : undefined));
      }
      const end = state.lesions;
      const steps = state.past.length;
      for (let i = 0; i < steps; i++) state = reduce(state, { type: "undo" });
      expect(state.lesions).toEqual([]);
      for (let i = 0; i < steps; i++) state = reduce(state, { type: "redo" });
      expect(state.lesions).toEqual(end);
    }
  });
});

describe("a phase that is moved", () => {
  const nudge = (x: number, gesture?: string): Action => ({
    type: "nudge",
    phase: "arterial",
    offset: [x, 0, 0],
    from: [1, 0, 0],
    gesture,
  });
  const place = (actions: Action[]) => nudgesOf(run(actions)).arterial;

  it("goes back to where it lay before, a whole drag at once, and forth again", () => {
    const drag = [nudge(2, "nudge 1"), nudge(3, "nudge 1"), { type: "endGesture" } as const, nudge(4)];
    expect(place(drag)).toEqual([4, 0, 0]);
    expect(place([...drag, { type: "undo" }])).toEqual([3, 0, 0]);
    expect(place([...drag, { type: "undo" }, { type: "undo" }])).toEqual([1, 0, 0]);
    expect(place([...drag, { type: "undo" }, { type: "undo" }, { type: "redo" }])).toEqual([3, 0, 0]);
  });

  it("is one series of steps with the boxes, each as it was", () => {
    const actions: Action[] = [{ type: "add", lesion: lesion("a") }, nudge(5), moved("a", 7)];
    const back = run([...actions, { type: "undo" }, { type: "undo" }]);
    expect([back.lesions, nudgesOf(back).arterial]).toEqual([[lesion("a")], [1, 0, 0]]);
    const start = run([{ type: "undo" }], back);
    // Where it lay first is known although nothing was moved at that step.
    expect([start.lesions, nudgesOf(start).arterial]).toEqual([[], [1, 0, 0]]);
  });

  it("is moved from where it first lay, whatever was saved since", () => {
    const later: Action = { type: "nudge", phase: "arterial", offset: [9, 0, 0], from: [5, 0, 0] };
    expect(place([nudge(5), later, { type: "undo" }, { type: "undo" }])).toEqual([1, 0, 0]);
  });
});
