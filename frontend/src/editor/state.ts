/** What is drawn on a study, with undo: a pure reducer. */

import type { Box } from "../geometry/box";

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

export interface EditorState {
  readonly lesions: readonly DrawnLesion[];
  readonly selected: string | null;
  readonly past: readonly (readonly DrawnLesion[])[];
  readonly future: readonly (readonly DrawnLesion[])[];
  /** The drag or key series under way: its changes are one step of undo. */
  readonly gesture: string | null;
}

export type LesionChange = Partial<Pick<DrawnLesion, "box" | "primary" | "lesion_class" | "absent_phases">>;

export type Action =
  | { type: "add"; lesion: DrawnLesion; gesture?: string }
  | { type: "change"; key: string; change: LesionChange; gesture?: string }
  | { type: "remove"; key: string }
  | { type: "select"; key: string | null }
  | { type: "endGesture" }
  | { type: "undo" }
  | { type: "redo" };

/** Undo goes back this many steps. */
const DEPTH = 200;

export function initialState(lesions: readonly DrawnLesion[] = []): EditorState {
  return { lesions, selected: null, past: [], future: [], gesture: null };
}

export function reduce(state: EditorState, action: Action): EditorState {
  switch (action.type) {
    case "add": {
      const next = write(state, [...state.lesions, action.lesion], action.gesture);
      return { ...next, selected: action.lesion.key };
    }
    case "change": {
      const { key, change, gesture } = action;
      if (!state.lesions.some((lesion) => lesion.key === key)) {
        return state;
      }
      const lesions = state.lesions.map((lesion) => (lesion.key === key ? { ...lesion, ...change } : lesion));
      return write(state, lesions, gesture);
    }
    case "remove": {
      const lesions = state.lesions.filter((lesion) => lesion.key !== action.key);
      return lesions.length === state.lesions.length ? state : keepSelection(write(state, lesions));
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

function write(state: EditorState, lesions: readonly DrawnLesion[], gesture?: string): EditorState {
  const continues = gesture !== undefined && gesture === state.gesture;
  const past = continues ? state.past : [...state.past, state.lesions].slice(-DEPTH);
  return { ...state, lesions, past, future: [], gesture: gesture ?? null };
}

function travel(state: EditorState, from: "past" | "future", to: "past" | "future"): EditorState {
  const lesions = state[from].at(-1);
  if (!lesions) {
    return state;
  }
  return keepSelection({
    ...state,
    lesions,
    [from]: state[from].slice(0, -1),
    [to]: [...state[to], state.lesions],
    gesture: null,
  });
}

/** Nothing that is gone stays selected. */
function keepSelection(state: EditorState): EditorState {
  const present = state.lesions.some((lesion) => lesion.key === state.selected);
  return present ? state : { ...state, selected: null };
}
