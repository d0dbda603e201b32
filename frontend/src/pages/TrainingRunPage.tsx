import { useRef } from "preact/hooks";
import { api } from "../api/client";
import type { TrainingRunDetail } from "../api/types";
import { minutes, when } from "../app/format";
import { useEvents } from "../app/live";
import { useAction, useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, ErrorLine, Progress, State } from "../app/ui";
import { words } from "../app/words";
import { rich } from "../i18n/rich";
import { t } from "../i18n/t";
import { RunCharts } from "./RunCharts";

export function TrainingRunPage({ params }: { params: Params }) {
  const live = useRef(false);
  const run = useLoad(
    () => api.get<TrainingRunDetail>(`/training-runs/${params.id}`),
    [params.id],
    (data) => (data && active(data.state) ? (live.current ? 30_000 : 2000) : null),
  );
  const on = run.data !== null && active(run.data.state);
  live.current = useEvents(`/training-runs/${params.id}/events`, on, run.reload);
  return (
    <div class="page">
      <Await of={run} what={t("the training")}>
        {(data) => <Run run={data} onChanged={run.reload} />}
      </Await>
    </div>
  );
}

function Run({ run, onChanged }: { run: TrainingRunDetail; onChanged: () => void }) {
  const { user } = useSession();
  const action = useAction();
  const ask = (what: "cancel" | "resume") =>
    action.run(async () => {
      await api.post(`/training-runs/${run.id}/${what}`);
      onChanged();
    });
  const error = run.error;
  return (
    <>
      <h1>
        {t("Training: {kind}, size {size}", { kind: words(run.kind), size: run.size })}{" "}
        <State state={run.state} />
      </h1>
      <p data-testid="run-reason">
        {t("Why it started: {reason}", { reason: sentence(run.reason || t("somebody asked for it.")) })}{" "}
        {run.owner && t("Asked for by {name}.", { name: run.owner })}{" "}
        {run.learns_from === "synthetic" &&
          t(
            "It learns from synthetic lesions in unmarked studies; its figures on them say nothing about real ones.",
          )}
        {run.learns_from === "release" &&
          run.release &&
          t("It learns from release {number}.", { number: run.release.number })}
      </p>
      {error && (
        <p class="error" role="alert">
          {error.message} {String(error.details?.remedy ?? "")}
        </p>
      )}
      <p>
        <Progress done={run.step} total={run.total} label={t("Steps")} /> {run.message}{" "}
        {run.eta_seconds !== null && (
          <span class="muted" data-testid="eta">
            {t("about {time} left", { time: minutes(run.eta_seconds / 60) })}
          </span>
        )}
      </p>
      {run.result && (
        <p>
          {rich(t("It made {version}."), {
            version: <Link href={`/models/${run.result.id}`}>{run.result.name}</Link>,
          })}
        </p>
      )}
      {active(run.state) && may(user, "ml_engineer") && (
        <button type="button" disabled={action.busy} onClick={() => ask("cancel")} data-testid="train-cancel">
          {t("Cancel")}
        </button>
      )}
      {(run.state === "failed" || run.state === "cancelled") && may(user, "ml_engineer") && (
        <button type="button" disabled={action.busy} onClick={() => ask("resume")} data-testid="train-resume">
          {t("Go on from its last state")}
        </button>
      )}
      <ErrorLine error={action.error} />
      <RunCharts run={run} />
      <div class="columns">
        <section>
          <h2>{t("Now")}</h2>
          <dl class="pairs num">
            {Object.entries(run.values).map(([name, value]) => (
              <div key={name}>
                <dt>{words(name)}</dt>
                <dd>{typeof value === "number" ? Number(value.toPrecision(5)) : String(value)}</dd>
              </div>
            ))}
            <div>
              <dt>{t("started")}</dt>
              <dd>{when(run.started_at) || t("not yet")}</dd>
            </div>
            <div>
              <dt>{t("last sign of life")}</dt>
              <dd>{when(run.heartbeat_at) || "–"}</dd>
            </div>
            <div>
              <dt>{t("finished")}</dt>
              <dd>{when(run.finished_at) || "–"}</dd>
            </div>
          </dl>
        </section>
        <section>
          <h2>{t("Log")}</h2>
          <pre class="log" data-testid="log">
            {run.log_tail.join("\n") || t("Nothing yet.")}
          </pre>
        </section>
      </div>
    </>
  );
}

/** With its full stop, which the short reasons lack. */
function sentence(text: string): string {
  return /[.。]$/.test(text) ? text : `${text}.`;
}
