import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Chain, Outlook, TrainingRun } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Empty, ErrorLine, Progress, State } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { Chains } from "./Chains";
import { ColdStart } from "./ColdStart";
import { parseOverrides } from "./choices";
import { DryRun } from "./DryRun";
import { Schedules } from "./Schedules";
import { mayBeChained, ThroughTheGate, USUAL, WhatToTrain } from "./WhatToTrain";

export function TrainingPage({ params }: { params: Params }) {
  const cohort = params.id!;
  const { user } = useSession();
  const mayTrain = may(user, "ml_engineer");
  const runs = useLoad(
    () => all<TrainingRun>(`/cohorts/${cohort}/training-runs`),
    [cohort],
    (list) => (list?.some((run) => active(run.state)) ? 2000 : null),
  );
  const chains = useLoad(
    () => api.get<Chain[]>(`/cohorts/${cohort}/chains`),
    [cohort],
    (list) => (list?.some((chain) => active(chain.state)) ? 2000 : null),
  );
  const started = () => {
    runs.reload();
    chains.reload();
  };
  return (
    <div class="page">
      <h1>{t("Training")}</h1>
      {mayTrain && <StartTraining cohort={cohort} onStarted={started} />}
      <Chains chains={chains} editable={mayTrain} />
      <Await of={runs} what={t("the trainings")}>
        {(list) =>
          list.length ? (
            <table data-testid="training-runs">
              <thead>
                <tr>
                  <th>{t("Run")}</th>
                  <th>{t("State")}</th>
                  <th>{t("Steps")}</th>
                  <th>{t("Data")}</th>
                  <th>{t("Made")}</th>
                  <th>{t("Why")}</th>
                  <th>{t("Started")}</th>
                </tr>
              </thead>
              <tbody>
                {list.map((run) => (
                  <tr key={run.id} data-testid="training-row" data-state={run.state} data-kind={run.kind}>
                    <td>
                      <Link href={`/training/${run.id}`}>
                        {words(run.kind)}, {run.size}
                      </Link>
                    </td>
                    <td>
                      <State state={run.state} />
                    </td>
                    <td>
                      <Progress
                        done={run.step}
                        total={run.total}
                        label={t("Training: {kind}", { kind: words(run.kind) })}
                      />
                    </td>
                    <td class="num">
                      {run.learns_from === "synthetic"
                        ? t("synthetic lesions")
                        : run.release?.number === 0
                          ? t("of a report")
                          : run.release
                            ? t("release {number}", { number: run.release.number })
                            : "–"}
                    </td>
                    <td>
                      {run.result ? <Link href={`/models/${run.result.id}`}>{run.result.name}</Link> : "–"}
                    </td>
                    <td class="wide">{run.error?.message ?? run.reason}</td>
                    <td class="num">{when(run.started_at)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          ) : (
            <Empty>
              <p>{t("Nothing was trained on this cohort yet.")}</p>
              <p>
                {t(
                  "A training freezes what is curated as a release and learns from it; the new version is judged on the gold set and waits for you to promote it.",
                )}
              </p>
            </Empty>
          )
        }
      </Await>
      <Schedules cohort={cohort} editable={mayTrain} />
    </div>
  );
}

function StartTraining({ cohort, onStarted }: { cohort: string; onStarted: () => void }) {
  const [what, setWhat] = useState(USUAL);
  const [chosen, setChained] = useState(false);
  const chained = chosen && mayBeChained(what.kinds);
  const action = useAction();
  const given = () => ({ size: what.size, overrides: parseOverrides(what.overrides) });
  const start = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/cohorts/${cohort}/${chained ? "chains" : "training-runs"}`, {
        kinds: what.kinds,
        ...given(),
      });
      onStarted();
    });
  };
  return (
    <form class="panel" onSubmit={start}>
      <div class="fields">
        <WhatToTrain what={what} onChange={setWhat} />
        <ThroughTheGate kinds={what.kinds} chained={chained} onChange={setChained} />
        <button
          type="submit"
          class="primary"
          disabled={action.busy || !what.kinds.length}
          data-testid="train-start"
        >
          {t("Train now")}
        </button>
        <DryRun
          of={() =>
            api.post<Outlook>(`/cohorts/${cohort}/training-runs/dry-run`, { kinds: what.kinds, ...given() })
          }
        />
      </div>
      <ErrorLine error={action.error} />
      <ColdStart cohort={cohort} given={given} onStarted={onStarted} />
    </form>
  );
}
