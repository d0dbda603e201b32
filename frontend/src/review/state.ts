/** One study under review: a pure reducer over events. The verdict that counts is read from the events. */
import type { Candidate, CandidateVerdict, Id, ReviewStudy, StudyVerdict, Verdict } from "../api/types";

export type Receipt = "queued" | "stored" | "refused";

/** A verdict on a candidate (on the study where `candidate` is null), or the taking back of one. */
export interface ReviewEvent {
  id: Id;
  candidate: Id | null;
  verdict: Verdict | null;
  undoes: Id | null;
  receipt: Receipt;
}

export interface ReviewState {
  study: ReviewStudy;
  events: ReviewEvent[];
  /** Index of the current candidate. */
  current: number;
  /** Slices away from the key slice, by candidate. */
  offsets: Record<Id, number>;
  /** A line for the footer: what was refused, or a question. */
  note: { text: string; kind: "error" | "question" } | null;
}

export type ReviewAction =
  | { type: "event"; event: ReviewEvent }
  | { type: "receipt"; id: Id; receipt: Receipt; message?: string }
  | { type: "told"; study: ReviewStudy }
  | { type: "select"; index: number }
  | { type: "move"; by: number }
  | { type: "scrub"; candidate: Id; by: number }
  | { type: "note"; text: string; kind: "error" | "question" }
  | { type: "clear_note" };

function told(study: ReviewStudy): ReviewEvent[] {
  const known: ReviewEvent[] = study.candidates
    .filter((c) => c.verdict !== null && c.review_id !== null)
    .map((c) => ({
      id: c.review_id as Id,
      candidate: c.id,
      verdict: c.verdict,
      undoes: null,
      receipt: "stored",
    }));
  if (study.study_verdict) {
    const { verdict, review_id } = study.study_verdict;
    known.push({ id: review_id, candidate: null, verdict, undoes: null, receipt: "stored" });
  }
  return known;
}

/** What the server tells goes before what was done here: that is newer, and its order is known. */
function before(known: ReviewEvent[], here: ReviewEvent[]): ReviewEvent[] {
  const ids = new Set(here.map((event) => event.id));
  return [...known.filter((event) => !ids.has(event.id)), ...here];
}

/** A study as the server tells it, with what still waits in the outbox on top. */
export function open(study: ReviewStudy, waiting: ReviewEvent[] = []): ReviewState {
  const events = before(told(study), waiting);
  const state: ReviewState = { study, events, current: 0, offsets: {}, note: null };
  const first = study.candidates.findIndex((c) => !verdictOn(state, c.id));
  return { ...state, current: Math.max(0, first) };
}

export function reduce(state: ReviewState, action: ReviewAction): ReviewState {
  switch (action.type) {
    case "event":
      return { ...state, events: [...state.events, action.event], note: null };
    case "receipt": {
      const events = state.events.map((e) => (e.id === action.id ? { ...e, receipt: action.receipt } : e));
      const note = action.message ? ({ text: action.message, kind: "error" } as const) : state.note;
      return { ...state, events, note };
    }
    case "told":
      return { ...state, study: action.study, events: before(told(action.study), state.events) };
    case "select":
      return { ...state, current: clamp(action.index, state.study.candidates.length), note: null };
    case "move":
      return { ...state, current: clamp(state.current + action.by, state.study.candidates.length) };
    case "scrub": {
      const candidate = state.study.candidates.find((c) => c.id === action.candidate);
      if (!candidate) return state;
      const offset = clampOffset(candidate, (state.offsets[candidate.id] ?? 0) + action.by);
      return { ...state, offsets: { ...state.offsets, [candidate.id]: offset } };
    }
    case "note":
      return { ...state, note: { text: action.text, kind: action.kind } };
    case "clear_note":
      return state.note ? { ...state, note: null } : state;
  }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index));
}

/** An offset from the key slice that the sprite holds. */
export function clampOffset({ tile }: Candidate, offset: number): number {
  return Math.max(-tile.key_offset, Math.min(tile.count - 1 - tile.key_offset, offset));
}

function standing(state: ReviewState): ReviewEvent[] {
  const heard = state.events.filter((event) => event.receipt !== "refused");
  const undone = new Set(heard.map((event) => event.undoes).filter((id) => id !== null));
  return heard.filter((event) => event.verdict !== null && !undone.has(event.id));
}

/** The event whose verdict counts for a candidate, or for the study where `candidate` is null. */
export function verdictOn(state: ReviewState, candidate: Id | null): ReviewEvent | null {
  return standing(state).findLast((event) => event.candidate === candidate) ?? null;
}

export function unjudged(state: ReviewState): Candidate[] {
  return state.study.candidates.filter((c) => !verdictOn(state, c.id));
}

export function lastUndoable(state: ReviewState): ReviewEvent | null {
  return standing(state).at(-1) ?? null;
}

function accepted(state: ReviewState): Candidate[] {
  return state.study.candidates.filter((c) => {
    const verdict = verdictOn(state, c.id)?.verdict;
    return verdict === "primary_lesion" || verdict === "other_lesion";
  });
}

/** Why a verdict cannot stand beside the others, or null where it can. */
export function contradiction(state: ReviewState, verdict: CandidateVerdict | StudyVerdict): string | null {
  if (verdict === "no_lesion" && (accepted(state).length || state.study.lesions.some((l) => !l.retired_at)))
    return "This study has accepted lesions. Reject or undo them before you say that it has none.";
  if (
    (verdict === "primary_lesion" || verdict === "other_lesion") &&
    verdictOn(state, null)?.verdict === "no_lesion"
  )
    return "You said that this study has no lesion. Undo that (Z) before you accept one.";
  return null;
}

/** What is missing before the study is done, as a sentence; null where nothing is. */
export function missing(state: ReviewState): string | null {
  if (verdictOn(state, null)) return null;
  const open = unjudged(state).length;
  if (open) return `${open} of ${state.study.candidates.length} not judged yet.`;
  if (!state.study.candidates.length) return "No candidates, and nothing said about the study.";
  return null;
}

export function queued(state: ReviewState): number {
  return state.events.filter((event) => event.receipt === "queued").length;
}
