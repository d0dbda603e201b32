/** The reader's own two versions, where another page stored one before: one key or click keeps either. */
import { when } from "../app/format";
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
    <section class="conflict" role="alert" aria-label="Two versions of yours" data-testid="conflict">
      <p>
        <strong>{targetWords(conflict, state)}</strong> was judged in another window too. Which one counts?
        {more > 0 && <span class="muted num"> {more} more after this.</span>}
      </p>
      <div class="versions">
        <button type="button" {...press("keep_stored")} data-testid="keep-stored">
          <kbd>{keyFor("keep_stored")}</kbd>
          <span>
            <small>stored{stored && `, ${when(stored.created_at)}`}</small>
            {stored ? VERDICT_WORDS[stored.verdict] : "taken back"}
          </span>
        </button>
        <button type="button" {...press("keep_mine")} data-testid="keep-mine">
          <kbd>{keyFor("keep_mine")}</kbd>
          <span>
            <small>yours, {when(new Date(conflict.entry.order).toISOString())}</small>
            {mine ? VERDICT_WORDS[mine] : "taken back"}
          </span>
        </button>
      </div>
    </section>
  );
}

/** "Candidate 2 of this study", as far as the study is the one on the screen. */
function targetWords({ roundStudy, candidate }: Conflict, { study }: ReviewState): string {
  const here = roundStudy === study.id;
  if (!candidate) return here ? "This study" : "An earlier study";
  const rank = study.candidates.find(({ id }) => id === candidate)?.rank;
  return rank === undefined ? "A candidate of an earlier study" : `Candidate ${rank}`;
}
