/** Where files come in: dropped or chosen, sent with their progress, then imported. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Id, ImportJob, Split } from "../api/types";
import { bytes } from "../app/format";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { t, tn } from "../i18n/t";
import { type Chosen, fromDrop, fromInput, totalBytes } from "./files";
import { upload } from "./upload";

interface Props {
  cohort: Id;
  split: Split;
  onStarted: (job: ImportJob) => void;
}

export function DropZone({ cohort, split, onStarted }: Props) {
  const [over, setOver] = useState(false);
  const [progress, setProgress] = useState<{ sent: number; total: number; files: number } | null>(null);
  const action = useAction();

  const take = (choose: () => Promise<Chosen[]> | Chosen[]) =>
    action.run(async () => {
      try {
        const chosen = await choose();
        const total = totalBytes(chosen);
        setProgress({ sent: 0, total, files: chosen.length });
        const upload_id = await upload(cohort, chosen, (sent) =>
          setProgress({ sent, total, files: chosen.length }),
        );
        const body = { upload_id, given_phases: {}, split };
        onStarted(await api.post<ImportJob>(`/cohorts/${cohort}/imports`, body));
      } finally {
        setProgress(null);
      }
    });

  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { dataTransfer } = event;
    if (dataTransfer) void take(() => fromDrop(dataTransfer));
  };
  const onChoose = (event: Event & { currentTarget: HTMLInputElement }) => {
    const input = event.currentTarget;
    const chosen = fromInput(input.files ?? []);
    input.value = "";
    if (chosen.length) void take(() => chosen);
  };

  return (
    <section
      class={`drop ${over ? "over" : ""}`}
      aria-label={t("Files to import")}
      aria-busy={action.busy}
      data-testid="import-drop"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      {progress ? (
        <p role="status" class="num" data-testid="upload-progress">
          {tn(progress.files, "Sending {n} file: {sent} of {total}", "Sending {n} files: {sent} of {total}", {
            sent: bytes(progress.sent),
            total: bytes(progress.total),
          })}{" "}
          <progress max={Math.max(progress.total, 1)} value={progress.sent} aria-label={t("Sent")} />
        </p>
      ) : (
        <>
          <p>
            <strong>{t("Drop folders, files or archives here")}</strong> –{" "}
            {t("DICOM, NIfTI, NRRD or MHA; whatever lies among them that is no CT is named and left out.")}
          </p>
          <div class="fields">
            <label class="button">
              {t("Choose a folder")}
              <input
                type="file"
                class="hidden-input"
                multiple
                ref={(input) => input?.setAttribute("webkitdirectory", "")}
                disabled={action.busy}
                onChange={onChoose}
                data-testid="import-folder"
              />
            </label>
            <label class="button">
              {t("Choose files")}
              <input
                type="file"
                class="hidden-input"
                multiple
                disabled={action.busy}
                onChange={onChoose}
                data-testid="import-files"
              />
            </label>
          </div>
          <p class="muted">{t("Names and numbers of patients are removed before anything is kept.")}</p>
        </>
      )}
      <ErrorLine error={action.error} />
    </section>
  );
}
