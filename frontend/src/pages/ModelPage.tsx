import { api } from "../api/client";
import type { Measured, ModelVersion } from "../api/types";
import { when } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await } from "../app/ui";
import { words } from "../app/words";
import { rich } from "../i18n/rich";
import { t } from "../i18n/t";
import { Gate } from "./Gate";
import { estimates, figure, metricName } from "./metrics";
import { Preview } from "./Preview";
import { Promote } from "./Promote";

export function ModelPage({ params }: { params: Params }) {
  const { user } = useSession();
  const model = useLoad(() => api.get<ModelVersion>(`/models/${params.id}`), [params.id]);
  return (
    <div class="page">
      <Await of={model} what={t("the version")}>
        {(version) => {
          const { synthetic, ...onGold } = version.metrics;
          const onSynthetic = estimates((synthetic ?? {}) as Record<string, unknown>);
          return (
            <>
              <h1>
                {version.name} <Promote version={version} onChanged={model.reload} />
              </h1>
              <p class="muted num">
                {rich(
                  t("Model: {kind}, of family {family}, made {when}. Weights {hash}.", {
                    kind: words(version.kind),
                    family: version.registry_name,
                    when: when(version.created_at),
                  }),
                  {
                    hash: (
                      <span class="mono" title={version.weights_sha256}>
                        {version.weights_sha256.slice(0, 12)}
                      </span>
                    ),
                  },
                )}{" "}
                {version.parent && (
                  <Link href={`/models/compare?a=${version.parent}&b=${version.id}`}>
                    {t("Compare with its parent")}
                  </Link>
                )}{" "}
                {may(user, "ml_engineer") && (
                  <a href={`/api/v1/models/${version.id}/file`} download data-testid="version-export">
                    {t("File for another installation")}
                  </a>
                )}
              </p>
              <div class="columns">
                <section>
                  <h2>{t("Judged on the gold set")}</h2>
                  <Figures
                    of={estimates(onGold)}
                    none={t("Not judged: there is no gold set, or it was empty at the time.")}
                  />
                  {onSynthetic.length > 0 && (
                    <>
                      <h2>{t("Judged on synthetic lesions")}</h2>
                      <p class="muted">{t("These say nothing about real ones.")}</p>
                      <Figures of={onSynthetic} none="" />
                    </>
                  )}
                  <p class="muted">{t("In brackets the 95 % interval and the number it was measured on.")}</p>
                </section>
                <section>
                  <h2>{t("Card")}</h2>
                  <pre class="card-text">{version.card}</pre>
                </section>
              </div>
              <Gate version={version} />
              <Preview version={version} />
              <details>
                <summary>{t("Plan and provenance")}</summary>
                <pre class="log">
                  {JSON.stringify({ plan: version.plan, provenance: version.provenance }, null, 2)}
                </pre>
              </details>
            </>
          );
        }}
      </Await>
    </div>
  );
}

function Figures({ of: measured, none }: { of: [string, Measured][]; none: string }) {
  if (!measured.length) return <p class="muted">{none}</p>;
  return (
    <table>
      <tbody>
        {measured.map(([path, value]) => (
          <tr key={path}>
            <th scope="row">{metricName(path)}</th>
            <td class="num">{figure(path, value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
