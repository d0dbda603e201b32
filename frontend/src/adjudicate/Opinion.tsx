/** What reader A or B said of the question; a click takes it over. */
import type { Verdict } from "../api/types";
import { t } from "../i18n/t";
import { Mark, VERDICT_WORDS } from "../review/marks";
import type { Question, Side } from "./questions";

interface Props {
  side: Side;
  question: Question;
  /** Whether the adjudicator's own word is this one. */
  taken: boolean;
  onTake: () => void;
}

export function Opinion({ side, question, taken, onTake }: Props) {
  return (
    <button
      type="button"
      class={`opinion ${taken ? "on" : ""}`}
      aria-pressed={taken}
      data-testid={`opinion-${side}`}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onTake}
    >
      <small>{t("Reader {name}", { name: side })}</small>
      <span class="word">
        <Word side={side} question={question} />
      </span>
      <kbd>{side === "A" ? "←" : "→"}</kbd>
    </button>
  );
}

function Word({ side, question }: { side: Side; question: Question }) {
  if (question.kind === "box")
    return <>{question.box.reader === side ? t("drew this lesion") : t("did not draw it")}</>;
  const verdict: Verdict | null = question.said[side];
  if (!verdict) return <>{t("said nothing")}</>;
  return (
    <>
      {verdict !== "no_lesion" && verdict !== "missed" && <Mark verdict={verdict} />}
      {VERDICT_WORDS[verdict]}
    </>
  );
}
