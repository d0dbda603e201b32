/** A verdict's mark: a shape and a lightness of its own, so that colour is never all that tells. */
import type { CandidateVerdict, Verdict } from "../api/types";
import { t } from "../i18n/t";
import type { Action } from "./keys";
import type { Receipt } from "./state";

export const VERDICT_WORDS: Record<Verdict, string> = {
  primary_lesion: t("Primary lesion"),
  other_lesion: t("Other lesion"),
  not_a_lesion: t("Not a lesion"),
  unsure: t("Unsure"),
  no_lesion: t("No lesion in this study"),
  missed: t("A lesion was missed"),
};

export const CANDIDATE_BUTTONS: { verdict: CandidateVerdict & Action; word: string }[] = [
  { verdict: "primary_lesion", word: t("Accept") },
  { verdict: "other_lesion", word: t("Other") },
  { verdict: "not_a_lesion", word: t("Reject") },
  { verdict: "unsure", word: t("Unsure") },
];

export function Mark({ verdict }: { verdict: CandidateVerdict }) {
  return (
    <svg class={`mark mark-${verdict}`} viewBox="0 0 16 16" aria-hidden="true">
      {verdict === "primary_lesion" && <circle cx="8" cy="8" r="6" class="fill" />}
      {verdict === "other_lesion" && <circle cx="8" cy="8" r="5" />}
      {verdict === "not_a_lesion" && <path d="M3 3 L13 13 M13 3 L3 13" />}
      {verdict === "unsure" && <path d="M5 5.5 a3 3 0 1 1 3.6 2.9 q-.6 .3 -.6 1.6 M8 13 v.6" />}
    </svg>
  );
}

const RECEIPT: Record<Receipt, string> = {
  queued: t("waiting"),
  stored: t("stored"),
  refused: t("refused"),
};

/** Where a verdict is: waiting in this browser, or stored on the server. */
export function ReceiptMark({ receipt }: { receipt: Receipt }) {
  return (
    <span class={`receipt receipt-${receipt}`} data-testid="receipt" data-receipt={receipt}>
      <span aria-hidden="true">{receipt === "stored" ? "✓" : "…"}</span> {RECEIPT[receipt]}
    </span>
  );
}
