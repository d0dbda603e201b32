/** A study that two readers judged differently: their words left and right, the images in the middle. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { AdjudicationCase, WindowName } from "../api/types";
import { navigate } from "../app/router";
import { ErrorLine } from "../app/ui";
import { t, tn } from "../i18n/t";
import { actionOf, belongsToTarget, keyLabel } from "../review/keys";
import { CANDIDATE_BUTTONS, Mark, VERDICT_WORDS } from "../review/marks";
import type { Outbox } from "../review/outbox";
import { useKeys } from "../review/useKeys";
import { Opinion } from "./Opinion";
import { Pictures } from "./Pictures";
import { clampSlice, firstSlice, type Question } from "./questions";
import { useCase } from "./useCase";

interface Props {
  of: AdjudicationCase;
  outbox: Outbox;
  remaining: number;
  /** A sign-in form or a dialog lies above. */
  covered: boolean;
  onDone: () => void;
}

export function Case({ of, outbox, remaining, covered, onDone }: Props) {
  const { bindings, keyFor } = useKeys();
  const deciding = useCase(of, outbox);
  const { questions } = deciding;
  const [at, setAt] = useState(0);
  const [slices, setSlices] = useState<Record<string, number>>({});
  const [window_, setWindow] = useState<WindowName>("liver");
  const [note, setNote] = useState("");
  const question = questions[at];
  const { geometry } = of.study.study;
  const z = question ? (slices[question.id] ?? firstSlice(question, geometry)) : 0;

  const scrub = (by: number) => {
    if (question) setSlices((all) => ({ ...all, [question.id]: clampSlice(z + by, geometry) }));
  };
  const move = (by: number) => setAt((n) => Math.max(0, Math.min(questions.length - 1, n + by)));
  const finish = () => {
    const open = questions.findIndex((one) => !deciding.decided(one));
    if (open < 0) return onDone();
    setAt(open);
    setNote(t("This one is still to be decided."));
  };

  const onKey = useRef<(event: KeyboardEvent) => void>(() => {});
  onKey.current = (event) => {
    if (covered || event.defaultPrevented || belongsToTarget(event.target, event.key)) return;
    const action = actionOf(event, bindings);
    if (!action) return;
    event.preventDefault();
    setNote("");
    if (action === "slice_up") scrub(1);
    else if (action === "slice_down") scrub(-1);
    else if (event.repeat) return;
    else if (action === "next_candidate") move(1);
    else if (action === "previous_candidate") move(-1);
    else if (action === "next_study") finish();
    else if (action === "draw") navigate(`/studies/${of.study.study.id}/draw?round_study=${of.study.id}`);
    else if (action.startsWith("window:")) setWindow(action.slice("window:".length) as WindowName);
    else if (!question) return;
    else if (action === "previous_phase") deciding.take(question, "A");
    else if (action === "next_phase") deciding.take(question, "B");
    else {
      const verdict = CANDIDATE_BUTTONS.find((button) => button.verdict === action)?.verdict;
      if (verdict) deciding.judge(question, verdict);
    }
  };
  useEffect(() => {
    const down = (event: KeyboardEvent) => onKey.current(event);
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);

  const images = useRef<HTMLDivElement>(null);
  const turn = useRef(scrub);
  turn.current = scrub;
  useEffect(() => {
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      turn.current(-Math.sign(event.deltaY));
    };
    images.current?.addEventListener("wheel", onWheel, { passive: false });
    return () => images.current?.removeEventListener("wheel", onWheel);
  }, []);

  return (
    <div class="adjudicate" data-testid="adjudicate" data-round-study={of.study.id}>
      <header>
        <h1>{t("Two readers differ")}</h1>
        <p class="muted num">
          {tn(questions.length, "{n} question", "{n} questions")},{" "}
          {t("{n} candidates agreed on and not shown", { n: of.agreed })}
        </p>
        <Missed of={of} />
      </header>
      <ol class="questions">
        {questions.map((one, index) => (
          <li key={one.id}>
            <button
              type="button"
              class={index === at ? "current" : ""}
              aria-current={index === at ? "true" : undefined}
              data-testid="question"
              data-decided={deciding.decided(one)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => setAt(index)}
            >
              <span aria-hidden="true">{deciding.decided(one) ? "●" : "○"}</span> {nameOf(one)}
              <span class="sr">{deciding.decided(one) ? t("decided") : t("open")}</span>
            </button>
          </li>
        ))}
      </ol>
      <div class="stage" ref={images}>
        {question && (
          <>
            <Opinion
              side="A"
              question={question}
              taken={deciding.taken(question, "A")}
              onTake={() => deciding.take(question, "A")}
            />
            <Pictures {...boxOf(question)} z={z} study={of.study.study} window={window_} />
            <Opinion
              side="B"
              question={question}
              taken={deciding.taken(question, "B")}
              onTake={() => deciding.take(question, "B")}
            />
          </>
        )}
      </div>
      <footer>
        <ErrorLine error={deciding.error} />
        <p class="note" role="status" data-testid="note">
          {note}
        </p>
        <div class="controls">
          {question?.kind === "candidate" &&
            CANDIDATE_BUTTONS.map(({ verdict }) => (
              <button
                key={verdict}
                type="button"
                class={`verdict ${deciding.verdictOf(question) === verdict ? "on" : ""}`}
                aria-pressed={deciding.verdictOf(question) === verdict}
                data-testid={`decide-${verdict}`}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => deciding.judge(question, verdict)}
              >
                <Mark verdict={verdict} />
                {VERDICT_WORDS[verdict]} <kbd>{keyFor(verdict)}</kbd>
              </button>
            ))}
          <span class="muted hints">
            <kbd>←</kbd> <kbd>→</kbd> {t("as A or as B")}, <kbd>{keyFor("next_candidate")}</kbd>{" "}
            <kbd>{keyFor("previous_candidate")}</kbd> {t("next and previous")},{" "}
            <kbd>{keyLabel("ArrowUp")}</kbd> <kbd>{keyLabel("ArrowDown")}</kbd> {t("slices")}
          </span>
          <span class="grow" />
          <span class="delivery num" role="status" data-testid="outbox" data-waiting={outbox.waiting}>
            {outbox.waiting ? t("{n} on the way", { n: outbox.waiting }) : t("all stored")}
          </span>
          <span class="muted num">{t("{n} left", { n: remaining })}</span>
          <button
            type="button"
            class="primary"
            data-testid="adjudicate-next"
            onMouseDown={(event) => event.preventDefault()}
            onClick={finish}
          >
            {t("Decided, next")} <kbd>{keyFor("next_study")}</kbd>
          </button>
        </div>
      </footer>
    </div>
  );
}

function boxOf(question: Question) {
  const { lo, hi } = question.kind === "candidate" ? question.candidate : question.box;
  return { lo, hi };
}

function nameOf(question: Question): string {
  return question.kind === "candidate"
    ? t("Candidate {rank}", { rank: question.candidate.rank })
    : t("Box of reader {name}", { name: question.box.reader });
}

/** One of them says that a lesion was missed and drew none: nothing to take over, only to draw. */
function Missed({ of }: { of: AdjudicationCase }) {
  const { keyFor } = useKeys();
  const says = (["A", "B"] as const).filter(
    (side) => of.of_study[side] === "missed" && !of.boxes.some((box) => box.reader === side),
  );
  if (!says.length) return null;
  return (
    <p class="question">
      {t("Reader {name} says that a lesion was missed, and drew none.", { name: says.join(", ") })}{" "}
      <kbd>{keyFor("draw")}</kbd> {t("draws it.")}
    </p>
  );
}
