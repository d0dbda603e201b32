/** Trainings one after the other, each where the gate let the one before through. */
import { api } from "../api/client";
import type { Chain, Id } from "../api/types";
import { when } from "../app/format";
import { type Loaded, useAction } from "../app/load";
import { Link } from "../app/router";
import { active, ErrorLine, State } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";

const OUTCOMES: Record<Exclude<Chain["outcome"], "">, string> = {
  complete: t("complete"),
  refused: t("refused by the gate"),
  not_judged: t("waits for a person"),
  failed: t("failed"),
  cancelled: t("cancelled"),
};

export function Chains({ chains, editable }: { chains: Loaded<Chain[]>; editable: boolean }) {
  if (!chains.data?.length) return <ErrorLine error={chains.error} />;
  return (
    <section>
      <h2>{t("Chains")}</h2>
      <table data-testid="chains">
        <thead>
          <tr>
            <th>{t("Models")}</th>
            <th>{t("State")}</th>
            <th>{t("Data")}</th>
            <th>{t("Now")}</th>
            <th>{t("By")}</th>
            <th>{t("Started")}</th>
          </tr>
        </thead>
        <tbody>
          {chains.data.map((chain) => (
            <Row key={chain.id} chain={chain} editable={editable} onChanged={chains.reload} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ chain, editable, onChanged }: { chain: Chain; editable: boolean; onChanged: () => void }) {
  const action = useAction();
  const cancel = (id: Id) =>
    action.run(async () => {
      await api.post(`/chains/${id}/cancel`);
      onChanged();
    });
  return (
    <tr data-testid="chain-row" data-state={chain.state} data-outcome={chain.outcome}>
      <td>
        {chain.kinds.map((kind, place) => {
          const run = chain.runs.find((one) => one.kind === kind);
          return (
            <span key={kind}>
              {place > 0 && " → "}
              {run ? <Link href={`/training/${run.id}`}>{words(kind)}</Link> : words(kind)}
            </span>
          );
        })}
      </td>
      <td>{chain.outcome ? OUTCOMES[chain.outcome] : <State state={chain.state} />}</td>
      <td class="num">{t("release {number}", { number: chain.release.number })}</td>
      <td class="wide">
        {chain.message}{" "}
        {editable && active(chain.state) && (
          <button
            type="button"
            class="small"
            disabled={action.busy}
            onClick={() => cancel(chain.id)}
            data-testid="chain-cancel"
          >
            {t("Cancel")}
          </button>
        )}
        <ErrorLine error={action.error} />
      </td>
      <td>{chain.owner ?? "–"}</td>
      <td class="num">{when(chain.created_at)}</td>
    </tr>
  );
}
