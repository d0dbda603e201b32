/** What a training tells over its steps, alone or beside another training of its kind. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { TrainingRun, TrainingRunDetail } from "../api/types";
import { when } from "../app/format";
import { useLoad } from "../app/load";
import { Link } from "../app/router";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { showOverrides } from "./choices";
import { beside, lossNames, valueNames } from "./curve";
import { StepChart } from "./StepChart";

export function RunCharts({ run }: { run: TrainingRunDetail }) {
  const [other, setOther] = useState("");
  const others = useLoad(
    () => all<TrainingRun>(`/cohorts/${run.cohort}/training-runs`),
    [run.cohort],
    () => 15_000,
  );
  const second = useLoad(
    () => (other ? api.get<TrainingRunDetail>(`/training-runs/${other}`) : Promise.resolve(null)),
    [other],
  );
  const alike = (others.data ?? []).filter((one) => one.kind === run.kind && one.id !== run.id);
  const rival = second.data;
  const points = rival ? beside(run.curve, rival.curve, t("other")) : run.curve;
  const losses = rival ? ["loss", `${t("other")} loss`] : lossNames(points);
  if (!run.curve.length) return <p class="muted">{t("The curve starts with the first steps.")}</p>;
  return (
    <>
      <StepChart label={t("Loss by step")} points={points} names={losses} testid="loss-curve" />
      <div class="columns">
        <Small label={t("Lesions found first by step (P1TD)")} points={points} part="p1td" />
        <Small label={t("Samples a second by step")} points={points} part="samples_per_s" />
        <Small label={t("Peak memory in GiB by step")} points={points} part="memory_gib" />
      </div>
      {alike.length > 0 && (
        <p>
          <label>
            {t("Compare with")}{" "}
            <select
              value={other}
              onChange={(e) => setOther(e.currentTarget.value)}
              data-testid="compare-runs"
            >
              <option value="">{t("no other training")}</option>
              {alike.map((one) => (
                <option key={one.id} value={one.id}>
                  {`${one.result?.name ?? words(one.state)}, ${one.size}, ${when(one.created_at)}`}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      {rival && <Beside run={run} rival={rival} />}
    </>
  );
}

function Small({ label, points, part }: { label: string; points: TrainingRunDetail["curve"]; part: string }) {
  const names = valueNames(points, part);
  return names.length ? (
    <section>
      <h3>{label}</h3>
      <StepChart label={label} points={points} names={names} height={150} />
    </section>
  ) : null;
}

function Beside({ run, rival }: { run: TrainingRunDetail; rival: TrainingRunDetail }) {
  const rows: [string, (one: TrainingRunDetail) => string][] = [
    [t("State"), (one) => words(one.state)],
    [t("Size"), (one) => `${one.size} ${showOverrides(one.overrides)}`],
    [t("Data"), (one) => (one.release ? t("release {number}", { number: one.release.number }) : "–")],
    [t("Started from"), (one) => one.initial_version?.name ?? t("nothing")],
    [t("Steps"), (one) => `${one.step} / ${one.total}`],
    [t("started"), (one) => when(one.started_at) || "–"],
    [t("finished"), (one) => when(one.finished_at) || "–"],
  ];
  return (
    <>
      <table data-testid="runs-beside">
        <thead>
          <tr>
            <td />
            <th>{run.result?.name ?? t("this training")}</th>
            <th>{rival.result?.name ?? t("other")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, of]) => (
            <tr key={name}>
              <th>{name}</th>
              <td>{of(run)}</td>
              <td>{of(rival)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {run.result && rival.result && (
        <p>
          <Link href={`/models/compare?a=${rival.result.id}&b=${run.result.id}`}>
            {t("Compare their figures on the gold set")}
          </Link>
        </p>
      )}
    </>
  );
}
