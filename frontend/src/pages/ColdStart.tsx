/** Where nobody has marked a lesion yet: a first detector from synthetic ones in the cohort's own livers. */
import { api } from "../api/client";
import type { ColdStart as Ready } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

interface Props {
  cohort: string;
  given: () => { size: string; overrides: Record<string, unknown> };
  onStarted: () => void;
}

export function ColdStart({ cohort, given, onStarted }: Props) {
  const ready = useLoad(() => api.get<Ready>(`/cohorts/${cohort}/cold-start`), [cohort]);
  const action = useAction();
  if (!ready.data || ready.data.lesions) return null;
  const { studies } = ready.data;
  const start = () =>
    action.run(async () => {
      await api.post(`/cohorts/${cohort}/cold-start`, given());
      onStarted();
    });
  return (
    <section class="below" data-testid="cold-start">
      <h2>{t("No lesion is marked yet")}</h2>
      <p>
        {studies
          ? t(
              "A first detector can learn from synthetic lesions, put into the livers of unmarked studies: {count} are prepared. What it finds is then read as usual. Its figures on synthetic lesions say nothing about real ones.",
              { count: studies },
            )
          : t(
              "A first detector can learn from synthetic lesions, put into the livers of unmarked studies. None is prepared with a liver yet.",
            )}
      </p>
      <button type="button" disabled={action.busy || !studies} onClick={start} data-testid="cold-start-train">
        {t("Train a first detector")}
      </button>
      <ErrorLine error={action.error} />
    </section>
  );
}
