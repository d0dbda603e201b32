/** One study being read: its state, the outbox behind it and what each action does. */
import { useEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { CandidateVerdict, Id, ReviewStudy, StudyVerdict, WindowName } from "../api/types";
import { uuid } from "../api/uuid";
import { navigate } from "../app/router";
import { useSession } from "../app/session";
import { t } from "../i18n/t";
import { conflictOf, mineAgain } from "./conflicts";
import { columns } from "./crop";
import { keepMarks, takeMarks } from "./keptMarks";
import type { Action } from "./keys";
import { type Outbox, staleOf } from "./outbox";
import { isComplete, reviewEntry } from "./outboxes";
import {
  absentIn,
  aStored,
  contradiction,
  eventOf,
  lastAct,
  missing,
  open,
  type ReviewEvent,
  type ReviewState,
  reduce,
  type Said,
  unjudged,
  verdictOn,
} from "./state";
import { useKeys } from "./useKeys";

interface Setting {
  study: ReviewStudy;
  waiting: ReviewEvent[];
  outbox: Outbox;
  onWindow: (window: WindowName) => void;
  onHelp: () => void;
  onWhole: () => void;
  onDone: (state: ReviewState) => void;
  /** Nothing is left to take back here: the study before is meant. */
  onBack: () => void;
}

export interface Reading {
  state: ReviewState;
  act: (action: Action) => void;
  judge: (verdict: CandidateVerdict, index: number) => void;
  select: (index: number) => void;
  scrub: (candidate: Id, by: number) => void;
  point: (phase: string) => void;
  notVisible: (candidate: Id, phase: string) => void;
}

export function useReading(setting: Setting): Reading {
  const { study, waiting, outbox } = setting;
  const { keyFor } = useKeys();
  const reader = useSession().user?.username ?? "";
  const [state, dispatch] = useReducer(reduce, null, () =>
    open(study, waiting, takeMarks(localStorage, reader, study.id)),
  );
  useEffect(() => {
    const waits = ([candidate]: [Id, unknown]) => !verdictOn(state, candidate);
    keepMarks(localStorage, reader, study.id, Object.fromEntries(Object.entries(state.marks).filter(waits)));
  }, [state.marks, state.events, reader, study.id]);
  const told = useMemo(() => new Set(open(study).events.map((event) => event.id)), [study]);
  // What was said within one turn of the browser is known before the next drawing.
  const latest = useRef(state);
  latest.current = state;

  useEffect(
    () =>
      outbox.onAnswer((answer) => {
        const { entry, outcome } = answer;
        if (entry.roundStudy !== study.id || isComplete(entry)) return;
        const stale = outcome === "refused" ? staleOf(answer.error) : null;
        const message = outcome === "refused" && !stale ? answer.error.message : undefined;
        dispatch({ type: "receipt", id: entry.id, receipt: outcome, message });
        if (stale?.stored)
          dispatch({
            type: "stood",
            event: aStored(stale.stored.id, entry.candidate, stale.stored.verdict),
          });
        // What stood before an earlier visit's verdict is known to the server alone.
        if (outcome === "stored" && told.has(String(entry.body.undoes)))
          api.get<ReviewStudy>(`/round-studies/${study.id}`).then(
            (fresh) => dispatch({ type: "told", study: fresh }),
            () => {},
          );
      }),
    [outbox, study.id, told],
  );

  const give = (said: Said[]) => {
    const act = uuid();
    for (const [index, one] of said.entries()) {
      const event = eventOf(latest.current, one, index ? uuid() : act, act);
      const action = { type: "event", event } as const;
      latest.current = reduce(latest.current, action);
      dispatch(action);
      outbox.add(reviewEntry(study.id, event));
    }
  };

  /** Of two versions of one reader one is kept; without such a question the keys do nothing. */
  const keep = (which: "stored" | "mine") => {
    const entry = outbox.conflicts[0];
    if (!entry) return;
    const event = which === "mine" ? mineAgain(conflictOf(entry), uuid()) : null;
    if (event && entry.roundStudy === study.id) dispatch({ type: "event", event });
    if (event) outbox.add(reviewEntry(entry.roundStudy, event));
    outbox.settleConflict(entry.id);
  };

  const note = (text: string, kind: "error" | "question") => dispatch({ type: "note", text, kind });

  const say = (candidate: Id | null, verdict: CandidateVerdict | StudyVerdict) => {
    const against = contradiction(latest.current, verdict);
    if (against) return note(against, "error");
    if (verdictOn(latest.current, candidate)?.verdict === verdict) return;
    const absent = candidate ? absentIn(latest.current, candidate) : [];
    give([{ candidate, verdict, absent, undoes: null }]);
    // Whoever judges anew has seen what is stored, and has chosen.
    for (const entry of outbox.conflicts)
      if (entry.roundStudy === study.id && entry.candidate === candidate) outbox.settleConflict(entry.id);
  };

  const judge = (verdict: CandidateVerdict, index: number) => {
    const candidate = latest.current.study.candidates[index];
    if (candidate) say(candidate.id, verdict);
  };

  const rejectRest = () =>
    give(
      unjudged(latest.current).map(({ id }) => ({
        candidate: id,
        verdict: "not_a_lesion",
        absent: absentIn(latest.current, id),
        undoes: null,
      })),
    );

  const undo = () => {
    const last = lastAct(latest.current);
    if (!last.length) return setting.onBack();
    give(last.map(({ candidate, id }) => ({ candidate, verdict: null, absent: [], undoes: id })));
  };

  const finish = () => {
    const open = missing(latest.current);
    if (!open) return setting.onDone(latest.current);
    const rest = latest.current.study.candidates.length
      ? t("{reject} rejects them, {no} says that the study has no lesion.", {
          reject: keyFor("reject_rest"),
          no: keyFor("no_lesion"),
        })
      : t("{no}: it has no lesion. {missed}: it has one; {draw} draws it.", {
          no: keyFor("no_lesion"),
          missed: keyFor("missed"),
          draw: keyFor("draw"),
        });
    note(`${open} ${rest}`, "question");
  };

  /** Says that a candidate is not to be seen in a phase, or is after all: with its verdict, now or later. */
  const notVisible = (candidate: Id, phase: string) => {
    const before = absentIn(latest.current, candidate);
    const absent = before.includes(phase) ? before.filter((one) => one !== phase) : [...before, phase];
    if (study.study.phases.every((one) => absent.includes(one)))
      return note(
        t("A lesion is visible in one phase at least. Reject a candidate that is in none."),
        "error",
      );
    const verdict = verdictOn(latest.current, candidate)?.verdict;
    if (verdict) give([{ candidate, verdict, absent, undoes: null }]);
    else dispatch({ type: "mark", candidate, absent });
  };

  const current = () => latest.current.study.candidates[latest.current.current];

  const stepPhase = (by: number) => {
    const phases = columns(study.study.phases).filter((phase) => study.study.phases.includes(phase));
    const at = phases.indexOf(latest.current.phase ?? "");
    const next = at < 0 ? (by > 0 ? 0 : phases.length - 1) : at + by;
    const phase = phases[Math.max(0, Math.min(phases.length - 1, next))];
    if (phase) dispatch({ type: "phase", phase });
  };

  const act = (action: Action) => {
    switch (action) {
      case "primary_lesion":
      case "other_lesion":
      case "not_a_lesion":
      case "unsure":
        return judge(action, latest.current.current);
      case "no_lesion":
      case "missed":
        return say(null, action);
      case "reject_rest":
        return rejectRest();
      case "rest_and_next":
        rejectRest();
        return finish();
      case "undo":
        return undo();
      case "next_candidate":
        return dispatch({ type: "move", by: 1 });
      case "previous_candidate":
        return dispatch({ type: "move", by: -1 });
      case "slice_up":
      case "slice_down": {
        const candidate = current();
        if (candidate)
          dispatch({ type: "scrub", candidate: candidate.id, by: action === "slice_up" ? 1 : -1 });
        return;
      }
      case "next_phase":
        return stepPhase(1);
      case "previous_phase":
        return stepPhase(-1);
      case "not_visible": {
        const { phase } = latest.current;
        const candidate = current();
        if (phase && candidate) return notVisible(candidate.id, phase);
        const keys = { left: keyFor("previous_phase"), right: keyFor("next_phase") };
        return note(
          t("In which phase? Choose one with {left} and {right}, or point at it.", keys),
          "question",
        );
      }
      case "draw":
        return navigate(`/studies/${study.study.id}/draw?round_study=${study.id}`);
      case "next_study":
        return finish();
      case "help":
        return setting.onHelp();
      case "whole_slice":
        return setting.onWhole();
      case "keep_stored":
        return keep("stored");
      case "keep_mine":
        return keep("mine");
      case "hide_overlay":
        return;
      default:
        return setting.onWindow(action.slice("window:".length) as WindowName);
    }
  };

  return {
    state,
    act,
    judge,
    select: (index) => dispatch({ type: "select", index }),
    scrub: (candidate, by) => dispatch({ type: "scrub", candidate, by }),
    point: (phase) => {
      if (latest.current.phase !== phase) dispatch({ type: "phase", phase });
    },
    notVisible,
  };
}
