/** The studies of a round on which two blind readers differ, one after the other. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import type { HarvestRound, NextCase } from "../api/types";
import { uuid } from "../api/uuid";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { useSession } from "../app/session";
import { Empty, ErrorLine } from "../app/ui";
import { t } from "../i18n/t";
import { completeEntry, isComplete, outboxOf } from "../review/outboxes";
import { useActivity } from "../review/useActivity";
import { Keys } from "../review/useKeys";
import { useOwnKeys } from "../review/useOwnKeys";
import { Case } from "./Case";
import "./adjudicate.css";

export function AdjudicatePage({ params }: { params: Params }) {
  const round = params.id!;
  const { user, expired } = useSession();
  const outbox = outboxOf(user!.username);
  const { bindings } = useOwnKeys();
  const about = useLoad(() => api.get<HarvestRound>(`/rounds/${round}`), [round]);
  const [next, setNext] = useState<NextCase | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => outbox.onChange(() => redraw((n) => n + 1)), [outbox]);

  const load = useCallback(async () => {
    setError(null);
    try {
      await outbox.ready;
      setNext(await api.post<NextCase>(`/rounds/${round}/adjudication/next`));
    } catch (problem) {
      setError(asApiError(problem));
    }
  }, [outbox, round]);
  useEffect(() => void load(), [load]);

  useEffect(
    () =>
      outbox.onAnswer((answer) => {
        if (answer.outcome === "refused") setError(answer.error);
        else if (isComplete(answer.entry)) void load();
      }),
    [outbox, load],
  );

  const shown = next?.case ?? null;
  useActivity(shown?.study.id ?? null, "click");

  return (
    <Keys.Provider value={bindings}>
      <ErrorLine error={error} retry={load} />
      {shown && next && (
        <Case
          key={shown.study.id}
          of={shown}
          outbox={outbox}
          remaining={next.remaining}
          covered={expired}
          onDone={() => outbox.add(completeEntry(shown.study.id, uuid()))}
        />
      )}
      {next && !shown && (
        <Empty>
          <h1 data-testid="adjudicated">{t("Nothing to decide for you")}</h1>
          <p>
            {next.remaining
              ? t(
                  "{n} studies await a decision by somebody else: you have read them yourself, or they are open elsewhere.",
                  { n: next.remaining },
                )
              : t("No study of this round awaits a decision. Studies come here when two readers differ.")}
          </p>
          {about.data && (
            <p>
              <Link href={`/cohorts/${about.data.cohort}/rounds`}>{t("To the rounds")}</Link>
            </p>
          )}
        </Empty>
      )}
      {!next && !error && <p class="muted slow page">{t("Loading …")}</p>}
    </Keys.Provider>
  );
}
