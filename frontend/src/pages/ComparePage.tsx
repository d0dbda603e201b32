import { api } from "../api/client";
import type { Comparison } from "../api/types";
import { useLoad } from "../app/load";
import { Link } from "../app/router";
import { Await, Empty } from "../app/ui";
import { t } from "../i18n/t";
import { difference, figure, judgement, metricName } from "./metrics";
import { Promote } from "./Promote";

export function ComparePage({ search }: { search: URLSearchParams }) {
  const a = search.get("a");
  const b = search.get("b");
  const found = useLoad(() => api.get<Comparison>("/models/compare", { query: { a, b } }), [a, b]);
  return (
    <div class="page">
      <h1>{t("Compare two versions")}</h1>
      <Await of={found} what={t("the comparison")}>
        {(comparison) => (
          <>
            <p>
              {[comparison.a, comparison.b].map((version, i) => (
                <span key={version.id}>
                  {i > 0 && ` ${t("with")} `}
                  <Link href={`/models/${version.id}`}>{version.name}</Link>{" "}
                  <Promote version={version} onChanged={found.reload} />
                </span>
              ))}
            </p>
            {comparison.differences.length ? (
              <table data-testid="differences">
                <thead>
                  <tr>
                    <th>{t("Measure")}</th>
                    <th>{comparison.a.name}</th>
                    <th>{comparison.b.name}</th>
                    <th>{t("{b} less {a}", { a: comparison.a.name, b: comparison.b.name })}</th>
                    <th>{t("So the second is")}</th>
                  </tr>
                </thead>
                <tbody>
                  {comparison.differences.map((row) => (
                    <tr key={row.metric}>
                      <th scope="row">{metricName(row.metric)}</th>
                      <td class="num">{figure(row.metric, row.a)}</td>
                      <td class="num">{figure(row.metric, row.b)}</td>
                      <td class="num">{difference(row.metric, row.difference)}</td>
                      <td>{judgement(row.metric, row.difference)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            ) : (
              <Empty>
                <p>{t("The two were not measured by the same measures on the same studies.")}</p>
              </Empty>
            )}
            <p class="muted">
              {t("Intervals are 95 %; that of a difference is rather too wide than too narrow.")}
            </p>
          </>
        )}
      </Await>
    </div>
  );
}
