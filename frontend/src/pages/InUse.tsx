/** What came into use, by whom and why; and one step back. */
import { all, api } from "../api/client";
import type { ModelKind, Promotion, WayBack } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";

const GROUNDS: Record<Promotion["ground"], string> = {
  first: t("the first of its kind"),
  gate: t("passed the gate"),
  reason: t("without the gate"),
  rollback: t("rolled back"),
};

export function RollBack({
  kind,
  way,
  onChanged,
}: {
  kind: ModelKind;
  way?: WayBack;
  onChanged: () => void;
}) {
  const { user } = useSession();
  const action = useAction();
  if (!way?.to || !may(user, "ml_engineer")) return null;
  const back = () =>
    action.run(async () => {
      await api.post("/models/roll-back", { kind });
      onChanged();
    });
  return (
    <>
      <button type="button" disabled={action.busy} onClick={back} data-testid={`roll-back-${kind}`}>
        {t("Roll back to {name}", { name: way.to.name })}
      </button>
      <ErrorLine error={action.error} />
    </>
  );
}

export function Promotions({ turn }: { turn: number }) {
  const promotions = useLoad(() => all<Promotion>("/promotions"), [turn]);
  return (
    <section>
      <h2>{t("What came into use")}</h2>
      <Await of={promotions} what={t("the promotions")}>
        {(list) => (
          <table data-testid="promotions">
            <thead>
              <tr>
                <th>{t("When")}</th>
                <th>{t("Version")}</th>
                <th>{t("In place of")}</th>
                <th>{t("Ground")}</th>
                <th>{t("By")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <tr key={one.id} data-testid="promotion-row" data-ground={one.ground}>
                  <td class="num">{when(one.created_at)}</td>
                  <td>
                    <Link href={`/models/${one.version.id}`}>{one.version.name}</Link>{" "}
                    <span class="muted">{words(one.kind)}</span>
                  </td>
                  <td>{one.previous?.name ?? "–"}</td>
                  <td class="wide">
                    {GROUNDS[one.ground]}
                    {one.reason && <span class="muted">: {one.reason}</span>}
                  </td>
                  <td>{one.approver || "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Await>
    </section>
  );
}
