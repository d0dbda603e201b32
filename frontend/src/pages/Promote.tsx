import { api } from "../api/client";
import type { ModelVersion } from "../api/types";
import { useAction } from "../app/load";
import { may, useSession } from "../app/session";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

/** Puts a version into use; an earlier one as well, which is how one goes back. */
export function Promote({ version, onChanged }: { version: ModelVersion; onChanged: () => void }) {
  const { user } = useSession();
  const action = useAction();
  if (version.promoted)
    return (
      <span class="tag" data-testid="promoted">
        {t("in use")}
      </span>
    );
  if (!may(user, "ml_engineer")) return <span class="muted">{t("not in use")}</span>;
  const promote = () =>
    action.run(async () => {
      await api.post(`/models/${version.id}/promote`);
      onChanged();
    });
  return (
    <>
      <button type="button" class="small" disabled={action.busy} onClick={promote} data-testid="promote">
        {t("Promote")}
      </button>
      <ErrorLine error={action.error} />
    </>
  );
}
