/** One study being read: its state, the outbox behind it and what each action does. */
import { useEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { CandidateVerdict, Id, ReviewStudy, StudyVerdict, WindowName } from "../api/types";
import { uuid } from "../api/uuid";
import { navigate } from "../app/router";
import { type Action, keyFor } from "./keys";
import type { Outbox } from "./outbox";
import { isComplete, reviewEntry } from "./outboxes";
import {
  contradiction,
  lastUndoable,
  missing,
  open,
  type ReviewEvent,
  type ReviewState,
  reduce,
  unjudged,
  verdictOn,
} from "./state";

interface Setting {
  study: ReviewStudy;
  waiting: ReviewEvent[];
  outbox: Outbox;
  onWindow: (window: WindowName) => void;
  onHelp: () => void;
  onDone: () => void;
}

export interface Reading {
  state: ReviewState;
  act: (action: Action) => void;
  judge: (verdict: CandidateVerdict, index: number) => void;
  select: (index: number) => void;
  scrub: (candidate: Id, by: number) => void;
}

export function useReading(setting: Setting): Reading {
  const { study, waiting, outbox } = setting;
  const [state, dispatch] = useReducer(reduce, null, () => open(study, waiting));
  const told = useMemo(() => new Set(open(study).events.map((event) => event.id)), [study]);
  const latest = useRef(state);
  latest.current = state;

  useEffect(
    () =>
      outbox.onAnswer((answer) => {
        const { entry, outcome } = answer;
        if (entry.roundStudy !== study.id || isComplete(entry)) return;
        const message = outcome === "refused" ? answer.error.message : undefined;
        dispatch({ type: "receipt", id: entry.id, receipt: outcome, message });
        // What stood before an earlier visit's verdict is known to the server alone.
        if (outcome === "stored" && told.has(String(entry.body.undoes)))
          api.get<ReviewStudy>(`/round-studies/${study.id}`).then(
            (fresh) => dispatch({ type: "told", study: fresh }),
            () => {},
          );
      }),
    [outbox, study.id, told],
  );

  const give = (event: Omit<ReviewEvent, "id" | "receipt">) => {
    const whole: ReviewEvent = { ...event, id: uuid(), receipt: "queued" };
    dispatch({ type: "event", event: whole });
    outbox.add(reviewEntry(study.id, whole));
  };

  const say = (candidate: Id | null, verdict: CandidateVerdict | StudyVerdict) => {
    const against = contradiction(latest.current, verdict);
    if (against) return dispatch({ type: "note", text: against, kind: "error" });
    if (verdictOn(latest.current, candidate)?.verdict === verdict) return;
    give({ candidate, verdict, undoes: null });
  };

  const judge = (verdict: CandidateVerdict, index: number) => {
    const candidate = latest.current.study.candidates[index];
    if (candidate) say(candidate.id, verdict);
  };

  const finish = () => {
    const open = missing(latest.current);
    if (!open) return setting.onDone();
    const rest = latest.current.study.candidates.length
      ? `${keyFor("reject_rest")} rejects them, ${keyFor("no_lesion")} says that the study has no lesion.`
      : `${keyFor("no_lesion")}: it has no lesion. ${keyFor("missed")}: it has one; ${keyFor("draw")} draws it.`;
    dispatch({ type: "note", text: `${open} ${rest}`, kind: "question" });
  };

  const current = () => latest.current.study.candidates[latest.current.current];

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
        for (const candidate of unjudged(latest.current))
          give({ candidate: candidate.id, verdict: "not_a_lesion", undoes: null });
        return;
      case "undo": {
        const last = lastUndoable(latest.current);
        if (last) give({ candidate: last.candidate, verdict: null, undoes: last.id });
        return;
      }
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
      case "draw":
        return navigate(`/studies/${study.study.id}/draw?round_study=${study.id}`);
      case "next_study":
        return finish();
      case "help":
        return setting.onHelp();
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
  };
}
