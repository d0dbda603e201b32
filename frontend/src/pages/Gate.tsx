/** The promotion gate: a version beside the one in use on the same gold studies, figure by figure. */
import { api } from "../api/client";
import type { Judged, Judgement as Judging, ModelVersion } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { may, useSession } from "../app/session";
import { active, ErrorLine, Progress, State } from "../app/ui";
import { words } from "../app/words";
import { number, t } from "../i18n/t";
import { difference, figure, metricName } from "./metrics";

export function Gate({ version }: { version: ModelVersion }) {
  const { user } = useSession();
  const action = useAction();
  const judgements = useLoad(
    () => api.get<Judging[]>(`/models/${version.id}/judgements`),
    [version.id],
    (list) => (list?.some((one) => active(one.state)) ? 1500 : null),
  );
  const judge = () =>
    action.run(async () => {
      await api.post(`/models/${version.id}/judgements`, {});
      judgements.reload();
    });
  const list = judgements.data ?? [];
  if (version.promoted && !list.length) return null;
  return (
    <section data-testid="gate">
      <h2>{t("Gate")}</h2>
      {!list.length && (
        <p class="muted">
          {t(
            "Not judged beside the version in use yet. Both are asked about every gold study, and this one passes where it loses no more than the margin.",
          )}
        </p>
      )}
      {list.map((one, place) => (
        <Judgement key={one.id} judgement={one} open={place === 0} />
      ))}
      {!version.promoted && may(user, "ml_engineer") && (
        <button
          type="button"
          disabled={action.busy || list.some((one) => active(one.state))}
          onClick={judge}
          data-testid="judge"
        >
          {list.length ? t("Judge again") : t("Judge beside the version in use")}
        </button>
      )}
      <ErrorLine error={action.error ?? judgements.error} />
    </section>
  );
}

function Judgement({ judgement, open }: { judgement: Judging; open: boolean }) {
  const { comparison, against, release, cohort, margin } = judgement;
  return (
    <details class="panel" open={open} data-testid="judgement" data-state={judgement.state}>
      <summary>
        {judgement.passed === null ? (
          <State state={judgement.state} />
        ) : (
          <strong class={judgement.passed ? "good" : "bad"} data-testid="passed">
            {judgement.passed ? t("passed") : t("refused")}
          </strong>
        )}{" "}
        {t("beside {name}, on release {number} of {cohort}, {when}", {
          name: against.name,
          number: release.number,
          cohort,
          when: when(judgement.created_at),
        })}
      </summary>
      {active(judgement.state) && (
        <Progress
          done={judgement.done}
          total={judgement.total}
          label={t("Answers: {done} of {total}", { done: judgement.done, total: judgement.total })}
        />
      )}
      {judgement.error && <p class="error">{judgement.error.message}</p>}
      {comparison && (
        <>
          <Table
            names={[against.name, judgement.version.name]}
            metrics={comparison.metrics}
            name={t("All {n} gold studies", { n: comparison.cases })}
            margin={margin}
            counts
          />
          {comparison.strata.map((stratum) => (
            <Table
              key={`${stratum.by} ${stratum.name}`}
              metrics={stratum.metrics}
              name={`${words(stratum.by)}: ${stratumName(stratum.name)} (${stratum.cases})`}
              margin={margin}
              counts={stratum.cases >= judgement.least_cases}
            />
          ))}
          <p class="muted">
            {t(
              "In brackets the 95 % interval of the difference, both versions resampled together by patient. Its lower end must lie above {margin} points; strata of fewer than {n} studies are shown and not counted.",
              { margin: number(100 * margin, 1), n: judgement.least_cases },
            )}
          </p>
        </>
      )}
    </details>
  );
}

const stratumName = (name: string) => name.split(" + ").map(words).join(" + ");

interface TableProps {
  names?: [string, string];
  metrics: Record<string, Judged>;
  name: string;
  margin: number;
  counts?: boolean;
}

function Table({ names, metrics, name, margin, counts }: TableProps) {
  return (
    <table class={counts ? "gate" : "gate muted"}>
      <caption>{name}</caption>
      {names && (
        <thead>
          <tr>
            <th>{t("Measure")}</th>
            <th>{names[0]}</th>
            <th>{names[1]}</th>
            <th>{t("{b} less {a}", { a: names[0], b: names[1] })}</th>
            <th>{t("Gate")}</th>
          </tr>
        </thead>
      )}
      <tbody>
        {Object.entries(metrics).map(([metric, judged]) => (
          <tr key={metric}>
            <th scope="row">{metricName(metric)}</th>
            <td class="num">{figure(metric, judged.before)}</td>
            <td class="num">{figure(metric, judged.after)}</td>
            <td class="num">{difference(metric, judged.difference)}</td>
            <td>{counts ? verdict(judged, margin) : t("not counted")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function verdict(judged: Judged, margin: number) {
  const { lo } = judged.difference;
  if (lo === null) return t("not measured");
  return lo > margin ? <span class="good">{t("holds")}</span> : <span class="bad">{t("may be worse")}</span>;
}
