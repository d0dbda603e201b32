import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ModelVersion } from "../api/types";
import { useAction } from "../app/load";
import { may, useSession } from "../app/session";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

const LEAST_REASON = 10;

/** Puts a version into use: at once where the gate let it through, else with a reason that is kept. */
export function Promote({ version, onChanged }: { version: ModelVersion; onChanged: () => void }) {
  const { user } = useSession();
  const action = useAction();
  const [reason, setReason] = useState("");
  if (version.promoted)
    return (
      <span class="tag" data-testid="promoted">
        {t("in use")}
      </span>
    );
  if (!may(user, "ml_engineer")) return <span class="muted">{t("not in use")}</span>;
  const promote = () =>
    action.run(async () => {
      await api.post(`/models/${version.id}/promote`, { reason });
      onChanged();
    });
  const refused = action.error?.code === "gate_refused";
  return (
    <>
      <button
        type="button"
        class="small"
        disabled={action.busy || (refused && reason.trim().length < LEAST_REASON)}
        onClick={promote}
        data-testid="promote"
      >
        {refused ? t("Promote all the same") : t("Promote")}
      </button>
      <ErrorLine error={action.error} />
      {refused && (
        <input
          class="grow"
          aria-label={t("Why {name} should be used", { name: version.name })}
          placeholder={t("Why it should be used")}
          maxLength={300}
          value={reason}
          onInput={(e) => setReason(e.currentTarget.value)}
          data-testid="promote-reason"
        />
      )}
    </>
  );
}
