/** One study under review: a pure reducer over events. The verdict that counts is read from the events. */
import type { Candidate, CandidateVerdict, Id, ReviewStudy, StudyVerdict, Verdict } from "../api/types";
import { t } from "../i18n/t";

export type Receipt = "queued" | "stored" | "refused";

/** A verdict on a candidate (on the study where `candidate` is null), or the taking back of one. */
export interface ReviewEvent {
  id: Id;
  candidate: Id | null;
  verdict: Verdict | null;
  /** Phases in which the candidate is not to be seen. */
  absent: readonly string[];
  undoes: Id | null;
  /** The event that stood on the same target when this one was given; undefined where this page cannot know:
   * what stood before an earlier visit's verdict, that verdict being taken back. */
  seen: Id | null | undefined;
  /** What one key did is taken back by one key: the id of the first event that it gave. */
  act: Id;
  receipt: Receipt;
}

/** What a reader says; the rest of its event follows from what stands. */
export type Said = Pick<ReviewEvent, "candidate" | "verdict" | "absent" | "undoes">;

export interface ReviewState {
  study: ReviewStudy;
  events: ReviewEvent[];
  /** Index of the current candidate. */
  current: number;
  /** The phase that "not visible" is about; null until one was chosen. */
  phase: string | null;
  /** Slices away from the key slice, by candidate. */
  offsets: Record<Id, number>;
  /** Phases said to show nothing of a candidate, before there is a verdict that carries it. */
  marks: Record<Id, readonly string[]>;
  /** A line for the footer: what was refused, or a question. */
  note: { text: string; kind: "error" | "question" } | null;
}

export type ReviewAction =
  | { type: "event"; event: ReviewEvent }
  | { type: "receipt"; id: Id; receipt: Receipt; message?: string }
  | { type: "told"; study: ReviewStudy }
  | { type: "stood"; event: ReviewEvent }
  | { type: "mark"; candidate: Id; absent: readonly string[] }
  | { type: "phase"; phase: string }
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
      absent: c.absent_phases,
      undoes: null,
      seen: null,
      act: c.review_id as Id,
      receipt: "stored",
    }));
  if (study.study_verdict) {
    const { verdict, review_id } = study.study_verdict;
    known.push(aStored(review_id, null, verdict));
  }
  return known;
}

/** An event that is known to stand on the server. */
export function aStored(id: Id, candidate: Id | null, verdict: Verdict): ReviewEvent {
  return { id, candidate, verdict, absent: [], undoes: null, seen: null, act: id, receipt: "stored" };
}

/** What the server tells goes before what was done here: that is newer, and its order is known. */
function before(known: ReviewEvent[], here: ReviewEvent[]): ReviewEvent[] {
  const ids = new Set(here.map((event) => event.id));
  return [...known.filter((event) => !ids.has(event.id)), ...here];
}

/** A study as the server tells it, with what still waits in the outbox on top, and marks without a verdict. */
export function open(
  study: ReviewStudy,
  waiting: ReviewEvent[] = [],
  marks: ReviewState["marks"] = {},
): ReviewState {
  const events = before(told(study), waiting);
  const state: ReviewState = {
    study,
    events,
    current: 0,
    phase: null,
    offsets: {},
    marks,
    note: null,
  };
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
    case "stood":
      // What another page stored comes to stand beside the event of this one that was refused for it.
      return { ...state, events: [...state.events.filter((e) => e.id !== action.event.id), action.event] };
    case "mark":
      return { ...state, marks: { ...state.marks, [action.candidate]: action.absent }, note: null };
    case "phase":
      return state.phase === action.phase ? state : { ...state, phase: action.phase };
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

/** What the last key said that still stands, newest first; empty where nothing does. */
export function lastAct(state: ReviewState): ReviewEvent[] {
  const stand = standing(state);
  const act = stand.at(-1)?.act;
  return stand.filter((event) => event.act === act).reverse();
}

const NOWHERE: readonly string[] = [];

/** The phases in which a candidate is said not to be seen. */
export function absentIn(state: ReviewState, candidate: Id): readonly string[] {
  return verdictOn(state, candidate)?.absent ?? state.marks[candidate] ?? NOWHERE;
}

/** An event under an id of its own, given now. */
export function eventOf(state: ReviewState, said: Said, id: Id, act: Id): ReviewEvent {
  const stands = said.undoes ?? verdictOn(state, said.candidate)?.id;
  const ofEarlierVisit = new Set(told(state.study).map((event) => event.id));
  const unknown = state.events.some(
    ({ candidate, undoes }) => candidate === said.candidate && undoes !== null && ofEarlierVisit.has(undoes),
  );
  return { ...said, id, seen: stands ?? (unknown ? undefined : null), act, receipt: "queued" };
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
    return t("This study has accepted lesions. Reject or undo them before you say that it has none.");
  if (
    (verdict === "primary_lesion" || verdict === "other_lesion") &&
    verdictOn(state, null)?.verdict === "no_lesion"
  )
    return t("You said that this study has no lesion. Undo that (Z) before you accept one.");
  return null;
}

/** What is missing before the study is done, as a sentence; null where nothing is. */
export function missing(state: ReviewState): string | null {
  if (verdictOn(state, null)) return null;
  const open = unjudged(state).length;
  if (open) return t("{n} of {total} not judged yet.", { n: open, total: state.study.candidates.length });
  if (!state.study.candidates.length) return t("No candidates, and nothing said about the study.");
  return null;
}

export function queued(state: ReviewState): number {
  return state.events.filter((event) => event.receipt === "queued").length;
}
