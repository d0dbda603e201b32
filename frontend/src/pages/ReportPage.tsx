/** What a round bought: detectors with and without what its readers said, alike in all else. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { HarvestRound, ReportPoint, RoundReport } from "../api/types";
import { estimate, measured, when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Empty, ErrorLine, State } from "../app/ui";
import { number, t, tn } from "../i18n/t";
import { parseOverrides, sizesFor } from "./choices";
import { difference, judgement, metricName } from "./metrics";

const FIGURES = ["p1td_1", "p1td_10", "froc_mean"] as const;
const ARMS: Record<ReportPoint["arm"], string> = {
  all: t("all that was read"),
  random: t("drawn by chance"),
};

export function ReportPage({ params }: { params: Params }) {
  const { user } = useSession();
  const round = useLoad(() => api.get<HarvestRound>(`/rounds/${params.id}`), [params.id]);
  const reports = useLoad(
    () => api.get<RoundReport[]>(`/rounds/${params.id}/reports`),
    [params.id],
    (list) => (list?.some((one) => active(one.state)) ? 2000 : null),
  );
  return (
    <div class="page">
      <h1>
        {round.data
          ? t("What round {number} bought", { number: round.data.number })
          : t("What a round bought")}
      </h1>
      <p class="muted">
        {t(
          "Detectors of one size and seed learn from random weights, each from what stood after a round; on the gold set the last two differ by what the last round taught.",
        )}
      </p>
      {may(user, "ml_engineer") && <Ask round={params.id!} onAsked={reports.reload} />}
      <Await of={reports} what={t("the reports")}>
        {(list) =>
          list.length ? (
            list.map((report) => <Report key={report.id} report={report} onChanged={reports.reload} />)
          ) : (
            <Empty>
              <p>{t("No report was made of this round yet.")}</p>
            </Empty>
          )
        }
      </Await>
    </div>
  );
}

function Ask({ round, onAsked }: { round: string; onAsked: () => void }) {
  const [size, setSize] = useState("small");
  const [overrides, setOverrides] = useState("");
  const action = useAction();
  const ask = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/rounds/${round}/reports`, { size, overrides: parseOverrides(overrides) });
      onAsked();
    });
  };
  return (
    <form class="panel" onSubmit={ask}>
      <div class="fields">
        <label>
          {t("Size")}
          <select value={size} onChange={(e) => setSize(e.currentTarget.value)} data-testid="report-size">
            {sizesFor(["detector"]).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label class="grow">
          {t("Overrides of the plan")}
          <input
            placeholder={t("none; for example steps=500")}
            value={overrides}
            onInput={(e) => setOverrides(e.currentTarget.value)}
            data-testid="report-overrides"
          />
        </label>
        <button type="submit" class="primary" disabled={action.busy} data-testid="report-start">
          {t("Measure it")}
        </button>
      </div>
      <p class="muted">{t("It takes two trainings a round, of the last five at most.")}</p>
      <ErrorLine error={action.error} />
    </form>
  );
}

function Report({ report, onChanged }: { report: RoundReport; onChanged: () => void }) {
  const { user } = useSession();
  const action = useAction();
  const cancel = () =>
    action.run(async () => {
      await api.post(`/reports/${report.id}/cancel`);
      onChanged();
    });
  return (
    <section class="panel" data-testid="report" data-state={report.state}>
      <h2>
        <State state={report.state} /> {report.size}, {when(report.created_at)}{" "}
        {active(report.state) && may(user, "ml_engineer") && (
          <button type="button" class="small" disabled={action.busy} onClick={cancel}>
            {t("Cancel")}
          </button>
        )}
      </h2>
      <ErrorLine error={action.error} />
      {report.message && <p class="muted">{report.message}</p>}
      <Bought report={report} />
      <Curve points={report.points} />
      <table data-testid="report-points">
        <thead>
          <tr>
            <th>{t("Learned from")}</th>
            <th class="right">{t("Studies")}</th>
            <th class="right">{t("Lesions")}</th>
            <th class="right">{t("Minutes read")}</th>
            {FIGURES.map((name) => (
              <th key={name}>{metricName(name)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.points.map((point) => (
            <tr key={`${point.arm} ${point.upto}`}>
              <td>
                {point.upto ? tn(point.upto, "rounds up to {n}", "rounds up to {n}") : t("before any round")},{" "}
                {ARMS[point.arm]}
              </td>
              <td class="num right">{point.studies}</td>
              <td class="num right">{point.lesions}</td>
              <td class="num right">{number(point.minutes, 1)}</td>
              {point.run === null ? (
                <td colSpan={3} class="muted wide">
                  {point.message}
                </td>
              ) : point.state === "succeeded" ? (
                FIGURES.map((name) => (
                  <td key={name} class="num">
                    {estimate(point.figures[name])}
                  </td>
                ))
              ) : (
                <td colSpan={3}>
                  <Link href={`/training/${point.run}`}>
                    <State state={point.state ?? "queued"} />
                  </Link>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Bought({ report }: { report: RoundReport }) {
  const mine = report.points.filter((point) => point.arm === "all");
  const [before, last] = [mine.at(-2), mine.at(-1)];
  if (!before || !last) return null;
  return (
    <>
      <p data-testid="bought">
        {t("Round {number} took {minutes} min of reading and added {lesions} lesions in {studies} studies.", {
          number: report.number,
          minutes: number(last.minutes - before.minutes, 1),
          lesions: last.lesions - before.lesions,
          studies: last.studies - before.studies,
        })}
      </p>
      {report.with_without && (
        <Difference
          of={report.with_without}
          name={t("With it, less without it")}
          sides={[t("without it"), t("with it")]}
        />
      )}
      {report.with_random && (
        <Difference
          of={report.with_random}
          name={t("All that was read, less what chance drew")}
          sides={[ARMS.random, ARMS.all]}
        />
      )}
    </>
  );
}

interface DifferenceProps {
  of: NonNullable<RoundReport["with_without"]>;
  name: string;
  sides: [string, string];
}

function Difference({ of: metrics, name, sides }: DifferenceProps) {
  return (
    <table class="gate">
      <caption>{name}</caption>
      <thead>
        <tr>
          <th>{t("Measure")}</th>
          <th>{sides[0]}</th>
          <th>{sides[1]}</th>
          <th>{t("Difference")}</th>
          <th>
            <span class="unseen">{t("What it says")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(metrics).map(([metric, found]) => (
          <tr key={metric}>
            <th scope="row">{metricName(metric)}</th>
            <td class="num">{estimate(found.before)}</td>
            <td class="num">{estimate(found.after)}</td>
            <td class="num">{difference(metric, found.difference)}</td>
            <td>{judgement(metric, found.difference)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const W = 520;
const H = 170;
const LEFT = 44;
const BOTTOM = 26;

/** P1TD-1 over the minutes that readers spent, of all that was read and of what chance drew. */
function Curve({ points }: { points: ReportPoint[] }) {
  const drawn = points.flatMap((point) => {
    const figure = measured(point.figures.p1td_1);
    return figure ? [{ point, figure }] : [];
  });
  if (drawn.length < 2) return null;
  const most = Math.max(...drawn.map(({ point }) => point.minutes), 0.1);
  const x = (minutes: number) => LEFT + 12 + (minutes / most) * (W - LEFT - 30);
  const y = (value: number) => 8 + (1 - value) * (H - BOTTOM - 8);
  return (
    <svg class="chart" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={t("P1TD-1 over minutes of reading")}>
      {[0, 0.5, 1].map((value) => (
        <g key={value}>
          <line class="rule" x1={LEFT} x2={W} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">
            {100 * value} %
          </text>
        </g>
      ))}
      {(["random", "all"] as const).map((arm) => {
        const own = drawn.filter(({ point }) => point.arm === arm);
        return (
          <g key={arm} class={arm === "random" ? "other" : ""}>
            <polyline
              class="line"
              points={own.map(({ point, figure }) => `${x(point.minutes)},${y(figure.value)}`).join(" ")}
            />
            {own.map(({ point, figure }) => (
              <g key={point.upto}>
                <title>{`${ARMS[arm]}, ${point.upto}: ${estimate(figure)}`}</title>
                <line
                  class="whisker"
                  x1={x(point.minutes)}
                  x2={x(point.minutes)}
                  y1={y(figure.lo)}
                  y2={y(figure.hi)}
                />
                <circle class="dot" cx={x(point.minutes)} cy={y(figure.value)} r="4" />
              </g>
            ))}
          </g>
        );
      })}
      <text x={LEFT + 12} y={H - 8}>
        0
      </text>
      <text x={W - 4} y={H - 8} text-anchor="end">
        {t("{n} min; bright: all that was read, dim: drawn by chance", { n: number(most, 1) })}
      </text>
    </svg>
  );
}
