/** Whether a release still is what was frozen. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Id, Verified } from "../api/types";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

export function Verify({ release }: { release: Id }) {
  const [told, setTold] = useState<Verified | null>(null);
  const action = useAction();
  const ask = () => action.run(async () => setTold(await api.get<Verified>(`/releases/${release}/verify`)));
  return (
    <>
      <button type="button" class="small" disabled={action.busy} onClick={ask} data-testid="verify">
        {t("Verify")}
      </button>
      <ErrorLine error={action.error} />
      {told?.holds && <div class="good">{t("It is what was frozen.")}</div>}
      {told?.findings.map((one) => (
        <div key={`${one.study} ${one.text}`} class="error">
          {one.study > 0 && `${t("Study {number}", { number: one.study })}: `}
          {one.text}
        </div>
      ))}
    </>
  );
}
