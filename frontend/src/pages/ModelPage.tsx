import { api } from "../api/client";
import type { ModelVersion } from "../api/types";
import { estimate, when, words } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await } from "../app/ui";
import { estimates, metricName } from "./metrics";
import { Promote } from "./Promote";

export function ModelPage({ params }: { params: Params }) {
  const model = useLoad(() => api.get<ModelVersion>(`/models/${params.id}`), [params.id]);
  return (
    <div class="page">
      <Await of={model} what="the version">
        {(version) => {
          const measured = estimates(version.metrics);
          return (
            <>
              <h1>
                {version.name} <Promote version={version} onChanged={model.reload} />
              </h1>
              <p class="muted num">
                A {words(version.kind)} of family {version.registry_name}, made {when(version.created_at)}.
                Weights{" "}
                <span class="mono" title={version.weights_sha256}>
                  {version.weights_sha256.slice(0, 12)}
                </span>
                .{" "}
                {version.parent && (
                  <Link href={`/models/compare?a=${version.parent}&b=${version.id}`}>
                    Compare with its parent
                  </Link>
                )}
              </p>
              <div class="columns">
                <section>
                  <h2>Judged on the gold set</h2>
                  {measured.length ? (
                    <table>
                      <tbody>
                        {measured.map(([path, figure]) => (
                          <tr key={path}>
                            <th scope="row">{metricName(path)}</th>
                            <td class="num">{estimate(figure)}</td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  ) : (
                    <p class="muted">Not judged: there is no gold set, or it was empty at the time.</p>
                  )}
                  <p class="muted">In brackets the 95 % interval and the number it was measured on.</p>
                </section>
                <section>
                  <h2>Card</h2>
                  <pre class="card-text">{version.card}</pre>
                </section>
              </div>
              <details>
                <summary>Plan and provenance</summary>
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
