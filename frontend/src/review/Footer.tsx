/** What can be said of the study, the line that answers, and where the verdicts are. */
import type { StudyVerdict } from "../api/types";
import { t } from "../i18n/t";
import type { Action } from "./keys";
import { ReceiptMark, VERDICT_WORDS } from "./marks";
import type { Outbox } from "./outbox";
import { lastAct, type ReviewState, verdictOn } from "./state";
import { useKeys } from "./useKeys";

interface Props {
  state: ReviewState;
  outbox: Outbox;
  /** Whether there is a study before this one to go back to. */
  back: boolean;
  onAction: (action: Action) => void;
}

const STUDY_BUTTONS: { verdict: StudyVerdict; word: string }[] = [
  { verdict: "no_lesion", word: t("No lesion") },
  { verdict: "missed", word: t("Missed") },
];

export function Footer({ state, outbox, back, onAction }: Props) {
  const { keyFor } = useKeys();
  const said = verdictOn(state, null);
  const press = (action: Action) => ({
    onMouseDown: (event: MouseEvent) => event.preventDefault(),
    onClick: () => onAction(action),
  });
  return (
    <footer class="review-footer">
      <p
        class={`note ${state.note?.kind ?? ""}`}
        role={state.note?.kind === "error" ? "alert" : "status"}
        data-testid="note"
      >
        {state.note?.text ?? ""}
      </p>
      <div class="controls">
        <button type="button" {...press("reject_rest")} data-testid="reject-rest">
          {t("Reject the rest")} <kbd>{keyFor("reject_rest")}</kbd>
        </button>
        {STUDY_BUTTONS.map(({ verdict, word }) => (
          <button
            key={verdict}
            type="button"
            class={said?.verdict === verdict ? "on" : ""}
            aria-pressed={said?.verdict === verdict}
            title={VERDICT_WORDS[verdict]}
            data-testid={`study-${verdict}`}
            {...press(verdict)}
          >
            {word} <kbd>{keyFor(verdict)}</kbd>
          </button>
        ))}
        <button type="button" {...press("draw")} data-testid="draw">
          {t("Draw")} <kbd>{keyFor("draw")}</kbd>
        </button>
        <button
          type="button"
          disabled={!back && !lastAct(state).length}
          {...press("undo")}
          data-testid="undo"
        >
          {t("Undo")} <kbd>{keyFor("undo")}</kbd>
        </button>
        <span class="said-study">{said && <ReceiptMark receipt={said.receipt} />}</span>
        <span class="grow" />
        <Delivery outbox={outbox} />
        <button type="button" {...press("help")} data-testid="help">
          {t("Keys")} <kbd>?</kbd>
        </button>
        <button
          type="button"
          title={t("The rest are not lesions: reject what is not judged yet, and go on")}
          {...press("rest_and_next")}
          data-testid="rest-and-next"
        >
          {t("Reject the rest, next")} <kbd>{keyFor("rest_and_next")}</kbd>
        </button>
        <button type="button" class="primary" {...press("next_study")} data-testid="next-study">
          {t("Next study")} <kbd>{keyFor("next_study")}</kbd>
        </button>
      </div>
    </footer>
  );
}

/** The state of the outbox in words: a reader always knows whether a verdict has arrived. */
function Delivery({ outbox }: { outbox: Outbox }) {
  const n = outbox.waiting;
  const kept = outbox.durable ? t("kept in this browser") : t("kept only while this page is open");
  const text =
    n === 0
      ? t("all stored")
      : outbox.state === "waiting"
        ? t("{n} waiting for the server, {kept}", { n, kept })
        : outbox.state === "signed_out"
          ? t("{n} waiting for you to sign in, {kept}", { n, kept })
          : t("{n} on the way", { n });
  return (
    <span class={`delivery num ${outbox.state}`} role="status" data-testid="outbox" data-waiting={n}>
      {text}
    </span>
  );
}
