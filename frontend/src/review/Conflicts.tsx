/** The reader's own two versions, where another page stored one before: one key or click keeps either. */
import { when } from "../app/format";
import { t } from "../i18n/t";
import type { Conflict } from "./conflicts";
import type { Action } from "./keys";
import { VERDICT_WORDS } from "./marks";
import type { ReviewState } from "./state";
import { useKeys } from "./useKeys";

interface Props {
  conflict: Conflict;
  /** How many more there are behind it. */
  more: number;
  state: ReviewState;
  onAction: (action: Action) => void;
}

export function ConflictPanel({ conflict, more, state, onAction }: Props) {
  const { keyFor } = useKeys();
  const { stored, mine } = conflict;
  const press = (action: Action) => ({
    onMouseDown: (event: MouseEvent) => event.preventDefault(),
    onClick: () => onAction(action),
  });
  return (
    <section class="conflict" role="alert" aria-label={t("Two versions of yours")} data-testid="conflict">
      <p>
        {t("{what} was judged in another window too. Which one counts?", {
          what: targetWords(conflict, state),
        })}
        {more > 0 && <span class="muted num"> {t("{n} more after this.", { n: more })}</span>}
      </p>
      <div class="versions">
        <button type="button" {...press("keep_stored")} data-testid="keep-stored">
          <kbd>{keyFor("keep_stored")}</kbd>
          <span>
            <small>{stored ? t("stored, {when}", { when: when(stored.created_at) }) : t("stored")}</small>
            {stored ? VERDICT_WORDS[stored.verdict] : t("taken back")}
          </span>
        </button>
        <button type="button" {...press("keep_mine")} data-testid="keep-mine">
          <kbd>{keyFor("keep_mine")}</kbd>
          <span>
            <small>{t("yours, {when}", { when: when(new Date(conflict.entry.order).toISOString()) })}</small>
            {mine ? VERDICT_WORDS[mine] : t("taken back")}
          </span>
        </button>
      </div>
    </section>
  );
}

/** "Candidate 2 of this study", as far as the study is the one on the screen. */
function targetWords({ roundStudy, candidate }: Conflict, { study }: ReviewState): string {
  const here = roundStudy === study.id;
  if (!candidate) return here ? t("This study") : t("An earlier study");
  const rank = study.candidates.find(({ id }) => id === candidate)?.rank;
  return rank === undefined ? t("A candidate of an earlier study") : t("Candidate {rank}", { rank });
}
