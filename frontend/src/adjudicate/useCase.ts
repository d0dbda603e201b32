/** One case being decided: verdicts by the outbox as in the review, boxes taken over or left. */
import { useMemo, useState } from "preact/hooks";
import { api } from "../api/client";
import type { AdjudicationCase, CandidateVerdict, Id } from "../api/types";
import { uuid } from "../api/uuid";
import { useAction } from "../app/load";
import type { Outbox } from "../review/outbox";
import { eventsOf, reviewEntry } from "../review/outboxes";
import { eventOf, open, type ReviewState, reduce, type Said, verdictOn } from "../review/state";
import { type Question, questionsOf, type Side, takenOver } from "./questions";

export function useCase(of: AdjudicationCase, outbox: Outbox) {
  const questions = useMemo(() => questionsOf(of), [of]);
  const [state, setState] = useState<ReviewState>(() =>
    open(of.study, eventsOf(outbox.pending(of.study.id))),
  );
  // By box: the adjudicator's own lesion, null for a box that is left.
  const [boxes, setBoxes] = useState<Record<Id, Id | null>>(() =>
    Object.fromEntries(of.boxes.flatMap((box) => [[box.id, takenOver(box, of)]])),
  );
  const [left, setLeft] = useState<ReadonlySet<Id>>(new Set());
  const action = useAction();

  const give = (said: Said) => {
    const id = uuid();
    const event = eventOf(state, said, id, id);
    setState((before) => reduce(before, { type: "event", event }));
    outbox.add(reviewEntry(of.study.id, event));
  };

  const judge = (question: Question, verdict: CandidateVerdict) => {
    if (question.kind !== "candidate" || verdictOn(state, question.id)?.verdict === verdict) return;
    give({ candidate: question.id, verdict, absent: [], undoes: null });
  };

  const decideBox = (question: Question, keep: boolean) => {
    if (question.kind !== "box") return;
    const { box } = question;
    void action.run(async () => {
      const mine = boxes[box.id];
      if (keep && !mine) {
        const id = uuid();
        const { lo, hi, primary, lesion_class } = box;
        await api.post(`/studies/${of.study.study.id}/lesions`, {
          ...{ id, lo, hi, primary, lesion_class },
          round_study: of.study.id,
        });
        setBoxes((all) => ({ ...all, [box.id]: id }));
      } else if (!keep && mine) {
        await api.delete(`/lesions/${mine}`);
        setBoxes((all) => ({ ...all, [box.id]: null }));
      }
      setLeft((all) => {
        const next = new Set(all);
        if (keep) next.delete(box.id);
        else next.add(box.id);
        return next;
      });
    });
  };

  /** Takes over what one of the two said. */
  const take = (question: Question, side: Side) => {
    if (question.kind === "box") return decideBox(question, question.box.reader === side);
    const said = question.said[side];
    if (said && said !== "no_lesion" && said !== "missed") judge(question, said);
  };

  const verdictOf = (question: Question) => verdictOn(state, question.id)?.verdict ?? null;

  const taken = (question: Question, side: Side): boolean => {
    if (question.kind === "candidate") {
      const own = verdictOf(question);
      return own !== null && own === question.said[side];
    }
    const drew = question.box.reader === side;
    return drew ? Boolean(boxes[question.id]) : left.has(question.id);
  };

  const decided = (question: Question) =>
    question.kind === "candidate"
      ? verdictOf(question) !== null
      : Boolean(boxes[question.id]) || left.has(question.id);

  return { questions, state, error: action.error, judge, take, taken, decided, verdictOf };
}
