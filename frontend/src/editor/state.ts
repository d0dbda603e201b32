/** What is drawn on a study, and how its phases are moved, with undo: a pure reducer. */

import type { Box } from "../geometry/box";
import type { Vec3 } from "../geometry/volume";

export interface DrawnLesion {
  /** Of this drawing, not of the row on the server. */
  readonly key: string;
  readonly box: Box;
  readonly primary: boolean;
  /** Empty where the study's class holds. */
  readonly lesion_class: string;
  readonly absent_phases: readonly string[];
  /** The lesion on the server that this one takes the place of. */
  readonly replaces: string | null;
}

/** What undo brings back. */
interface Work {
  readonly lesions: readonly DrawnLesion[];
  /** By phase the whole way (mm) from where registration put it; only phases that are moved here. */
  readonly nudges: Readonly<Record<string, Vec3>>;
}

export interface EditorState extends Work {
  /** Where phases lay before they were first moved here, which no undo forgets. */
  readonly origins: Readonly<Record<string, Vec3>>;
  readonly selected: string | null;
  readonly past: readonly Work[];
  readonly future: readonly Work[];
  /** The drag or key series under way: its changes are one step of undo. */
  readonly gesture: string | null;
}

export type LesionChange = Partial<Pick<DrawnLesion, "box" | "primary" | "lesion_class" | "absent_phases">>;

export type Action =
  | { type: "add"; lesion: DrawnLesion; gesture?: string }
  | { type: "change"; key: string; change: LesionChange; gesture?: string }
  | { type: "remove"; key: string }
  /** `from` is where the phase lay before it was first moved here. */
  | { type: "nudge"; phase: string; offset: Vec3; from: Vec3; gesture?: string }
  | { type: "select"; key: string | null }
  | { type: "endGesture" }
  | { type: "undo" }
  | { type: "redo" };

/** Undo goes back this many steps. */
const DEPTH = 200;

/** The work of an earlier visit to begin with; none by default. */
export function initialState(
  from: Partial<Pick<EditorState, "lesions" | "nudges" | "origins">> = {},
): EditorState {
  const blank = { lesions: [], nudges: {}, origins: {} };
  return { ...blank, ...from, selected: null, past: [], future: [], gesture: null };
}

export function reduce(state: EditorState, action: Action): EditorState {
  switch (action.type) {
    case "add": {
      const next = write(state, { lesions: [...state.lesions, action.lesion] }, action.gesture);
      return { ...next, selected: action.lesion.key };
    }
    case "change": {
      const { key, change, gesture } = action;
      if (!state.lesions.some((lesion) => lesion.key === key)) {
        return state;
      }
      const lesions = state.lesions.map((lesion) => (lesion.key === key ? { ...lesion, ...change } : lesion));
      return write(state, { lesions }, gesture);
    }
    case "remove": {
      const lesions = state.lesions.filter((lesion) => lesion.key !== action.key);
      return lesions.length === state.lesions.length ? state : keepSelection(write(state, { lesions }));
    }
    case "nudge": {
      const { phase, offset, from, gesture } = action;
      const next = write(state, { nudges: { ...state.nudges, [phase]: offset } }, gesture);
      return { ...next, origins: { [phase]: from, ...state.origins } };
    }
    case "select":
      return { ...state, selected: action.key, gesture: null };
    case "endGesture":
      return state.gesture === null ? state : { ...state, gesture: null };
    case "undo":
      return travel(state, "past", "future");
    case "redo":
      return travel(state, "future", "past");
  }
}

export function selectedLesion(state: EditorState): DrawnLesion | null {
  return state.lesions.find((lesion) => lesion.key === state.selected) ?? null;
}

/** Where phases that were moved here are wanted, those put back by undo among them. */
export function nudgesOf({ origins, nudges }: EditorState): Readonly<Record<string, Vec3>> {
  return { ...origins, ...nudges };
}

function workOf({ lesions, nudges }: EditorState): Work {
  return { lesions, nudges };
}

function write(state: EditorState, change: Partial<Work>, gesture?: string): EditorState {
  const continues = gesture !== undefined && gesture === state.gesture;
  const past = continues ? state.past : [...state.past, workOf(state)].slice(-DEPTH);
  return { ...state, ...change, past, future: [], gesture: gesture ?? null };
}

function travel(state: EditorState, from: "past" | "future", to: "past" | "future"): EditorState {
  const work = state[from].at(-1);
  if (!work) {
    return state;
  }
  return keepSelection({
    ...state,
    ...work,
    [from]: state[from].slice(0, -1),
    [to]: [...state[to], workOf(state)],
    gesture: null,
  });
}

/** Nothing that is gone stays selected. */
function keepSelection(state: EditorState): EditorState {
  const present = state.lesions.some((lesion) => lesion.key === state.selected);
  return present ? state : { ...state, selected: null };
}
