/** The home of a cohort: the loop as one strip, what needs a person, and what came of the rounds. */
import { api } from "../api/client";
import type { Dashboard, Need } from "../api/types";
import { estimate, minutes } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Progress, State } from "../app/ui";
import { words } from "../app/words";
import { number, t } from "../i18n/t";
import { Learning } from "./Learning";

const STEPS: { key: keyof Dashboard["strip"]; word: string; to: string; next: string }[] = [
  { key: "imported", word: t("Imported"), to: "/import", next: t("Import studies") },
  { key: "proposed", word: t("Proposed"), to: "/rounds", next: t("Start a round") },
  { key: "reviewed", word: t("Reviewed"), to: "/rounds", next: t("Review") },
  { key: "curated", word: t("Curated"), to: "/studies", next: t("See the studies") },
  { key: "trained", word: t("Trained on"), to: "/training", next: t("Train") },
  { key: "released", word: t("Released"), to: "/releases", next: t("Freeze a release") },
];

/** Where each need is met, below the cohort's address. */
const NEED_PAGE: Record<Exclude<Need["kind"], "promote">, string> = {
  phases: "/import",
  review: "/rounds",
  draw: "/studies",
  adjudicate: "/rounds",
  failed_import: "/import",
  failed_preparation: "/studies",
  failed_training: "/training",
};

export function DashboardPage({ params }: { params: Params }) {
  const base = `/cohorts/${params.id}`;
  const board = useLoad(
    () => api.get<Dashboard>(`${base}/dashboard`),
    [params.id],
    (data) => (data?.jobs.some((job) => active(job.state)) ? 2000 : 15_000),
  );
  const { user } = useSession();
  return (
    <div class="page">
      <h1 class="unseen">{t("Overview")}</h1>
      {may(user, "data_manager") && (
        <p>
          <Link href={`${base}/members`} data-testid="to-members">
            {t("Who sees this cohort")}
          </Link>
        </p>
      )}
      <Await of={board} what={t("the cohort")}>
        {(data) => (
          <>
            <ol class="strip" data-testid="strip">
              {STEPS.map((step) => (
                <li key={step.key}>
                  <span class="word">{step.word}</span>
                  <span class="count num" data-testid={`count-${step.key}`}>
                    {number(data.strip[step.key])}
                  </span>
                  <span class="muted">{t("studies")}</span>
                  <Link href={base + step.to}>{step.next}</Link>
                </li>
              ))}
            </ol>
            <div class="columns">
              <section>
                <h2>{t("Needs you now")}</h2>
                {data.needs.length ? (
                  <ul class="needs" data-testid="needs">
                    {data.needs.map((need) => (
                      <li key={need.kind}>
                        <span class="num count">{need.count}</span>{" "}
                        <Link href={need.kind === "promote" ? "/models" : base + NEED_PAGE[need.kind]}>
                          {need.text}
                        </Link>
                      </li>
                    ))}
                  </ul>
                ) : (
                  <p class="muted">{t("Nothing waits for a person.")}</p>
                )}
                {data.jobs.length > 0 && (
                  <>
                    <h2>{t("Latest work")}</h2>
                    <table>
                      <tbody>
                        {data.jobs.map((job) => (
                          <tr key={job.id}>
                            <td>{job.text || job.kind}</td>
                            <td>
                              <State state={job.state} />
                            </td>
                            <td>
                              <Progress done={job.done} total={job.total} label={job.text || job.kind} />
                            </td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </>
                )}
                <h2>{t("Lesions by class")}</h2>
                <Classes of={data.lesions_by_class} />
              </section>
              <section>
                <h2>{t("Readers' time")}</h2>
                <Time data={data} />
                <p class="more" data-testid="about-readers">
                  <Link href={`${base}/labour`}>{t("Labour and what is saved")}</Link>
                  <Link href={`${base}/agreement`}>{t("Agreement of the readers")}</Link>
                  <Link href={`${base}/bias`}>{t("Automation bias")}</Link>
                </p>
                <h2>{t("What the rounds gained")}</h2>
                <Learning versions={data.versions} />
                <Versions data={data} />
              </section>
            </div>
          </>
        )}
      </Await>
    </div>
  );
}

function Classes({ of }: { of: Dashboard["lesions_by_class"] }) {
  if (!of.length) return <p class="muted">{t("No lesions yet: they come from reviewing a round.")}</p>;
  const most = Math.max(...of.map((row) => row.count), 1);
  return (
    <table class="bars">
      <tbody>
        {of.map((row) => (
          <tr key={row.lesion_class}>
            <th scope="row">{row.lesion_class ? words(row.lesion_class) : t("class not known")}</th>
            <td class="num right">{row.count}</td>
            <td class="bar-cell" aria-hidden="true">
              <span class="bar-fill" style={{ width: `${(100 * row.count) / most}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Time({ data }: { data: Dashboard }) {
  if (!data.minutes_by_reader.length) return <p class="muted">{t("Nobody has reviewed yet.")}</p>;
  return (
    <>
      <table>
        <thead>
          <tr>
            <th>{t("Reader")}</th>
            <th class="right">{t("Time")}</th>
            <th class="right">{t("Studies")}</th>
            <th class="right">{t("A study")}</th>
          </tr>
        </thead>
        <tbody>
          {data.minutes_by_reader.map((row) => (
            <tr key={row.reader}>
              <td>{row.reader}</td>
              <td class="num right">{minutes(row.minutes)}</td>
              <td class="num right">{row.studies}</td>
              <td class="num right">
                {row.seconds_a_study === null ? "–" : `${number(Math.round(row.seconds_a_study))} s`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.forecast_minutes !== null && (
        <p class="muted" data-testid="forecast">
          {t("At this pace what waits takes about {time} more.", { time: minutes(data.forecast_minutes) })}
        </p>
      )}
    </>
  );
}

function Versions({ data }: { data: Dashboard }) {
  if (!data.versions.length) return <p class="muted">{t("No model versions yet.")}</p>;
  return (
    <table class="gained">
      <thead>
        <tr>
          <th>{t("Version")}</th>
          <th>{t("Rounds")}</th>
          <th>{t("P1TD-1")}</th>
          <th>{t("P1TD-10")}</th>
          <th>{t("Mean F1")}</th>
        </tr>
      </thead>
      <tbody>
        {data.versions.map((version) => (
          <tr key={version.id}>
            <td>
              <Link href={`/models/${version.id}`}>{version.name}</Link>
              {version.promoted && <span class="tag">{t("in use")}</span>}
            </td>
            <td class="num">{version.round_numbers.join(", ") || "–"}</td>
            <td class="num">{version.kind === "detector" ? estimate(version.p1td_1) : "–"}</td>
            <td class="num">{version.kind === "detector" ? estimate(version.p1td_10) : "–"}</td>
            <td class="num">{version.kind === "characterizer" ? estimate(version.mean_f1) : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
