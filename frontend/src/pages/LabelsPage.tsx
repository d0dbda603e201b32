/** Pathology labels: drop a table, see what each row comes to, answer its questions, apply, undo. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Id, LabelImport, LabelPreview, LabelsApplied, LabelsUndone } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import type { Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine } from "../app/ui";
import { t, tn } from "../i18n/t";
import { LabelRows } from "./LabelRows";
import { type Answers, form } from "./labels";

const WINDOW_DAYS = 31;

export function LabelsPage({ params }: { params: Params }) {
  const { user } = useSession();
  return (
    <div class="page">
      <h1>{t("Labels")}</h1>
      {may(user, "data_manager") ? (
        <Labels cohort={params.id!} />
      ) : (
        <p class="muted">
          {t("Labels are the data manager's part; a study's class shows among the studies.")}
        </p>
      )}
    </div>
  );
}

function Labels({ cohort }: { cohort: Id }) {
  const [said, setSaid] = useState("");
  const imports = useLoad(() => all<LabelImport>(`/cohorts/${cohort}/labels`), [cohort]);
  const done = (text: string) => {
    setSaid(text);
    imports.reload();
  };
  return (
    <>
      <Table cohort={cohort} onApplied={done} onNew={() => setSaid("")} />
      {said && (
        <p role="status" data-testid="labels-said">
          {said}
        </p>
      )}
      <Await of={imports} what={t("the labels that were applied")}>
        {(list) =>
          list.length ? (
            <Applied list={list} onUndone={done} />
          ) : (
            <Empty>
              <p>
                {t(
                  "No table was applied yet. Drop one above: a row a procedure, with columns for the subject, the pathology, the date and (if it is known) the type of the procedure.",
                )}
              </p>
            </Empty>
          )
        }
      </Await>
    </>
  );
}

/** The table at hand. It stays in the browser and goes to the server with each question to it. */
function Table({
  cohort,
  onApplied,
  onNew,
}: {
  cohort: Id;
  onApplied: (said: string) => void;
  onNew: () => void;
}) {
  const [file, setFile] = useState<File | null>(null);
  const [days, setDays] = useState(WINDOW_DAYS);
  const [answers, setAnswers] = useState<Answers>({});
  const [preview, setPreview] = useState<LabelPreview | null>(null);
  const action = useAction();

  const look = (table: File, windowDays: number, given: Answers) =>
    action.run(async () => {
      setFile(table);
      setDays(windowDays);
      setAnswers(given);
      setPreview(null);
      const body = form(table, windowDays, given);
      setPreview(await api.post<LabelPreview>(`/cohorts/${cohort}/labels/preview`, body));
    });
  const choose = (table: File | null | undefined) => {
    if (!table) return;
    onNew();
    void look(table, days, {});
  };
  const forget = () => {
    setFile(null);
    setPreview(null);
    setAnswers({});
  };
  const apply = () =>
    action.run(async () => {
      if (!file) return;
      const made = await api.post<LabelsApplied>(`/cohorts/${cohort}/labels`, form(file, days, answers));
      forget();
      onApplied(tn(made.applied.labels, "{n} label applied.", "{n} labels applied."));
    });
  return (
    <>
      <Drop
        busy={action.busy}
        onFile={choose}
        days={days}
        onDays={(n) => (file ? void look(file, n, {}) : setDays(n))}
      />
      {action.busy && !preview && <p role="status">{t("Reading the table …")}</p>}
      <ErrorLine error={action.error} retry={file ? () => void look(file, days, answers) : undefined} />
      {file && preview && (
        <section aria-label={t("Preview")} data-testid="labels-preview">
          <h2>{t("What the table comes to")}</h2>
          <p class="num">
            {tn(preview.counts.ready, "{n} row ready", "{n} rows ready")},{" "}
            {tn(preview.counts.question, "{n} question", "{n} questions")},{" "}
            {tn(preview.counts.error, "{n} error", "{n} errors")},{" "}
            {t("{n} unchanged", { n: preview.counts.unchanged })},{" "}
            {t("{n} left out. Nothing is changed yet.", { n: preview.counts.skipped })}
          </p>
          <div class="fields">
            <button
              type="button"
              class="primary"
              disabled={action.busy || !preview.counts.ready}
              onClick={apply}
              data-testid="labels-apply"
            >
              {tn(preview.counts.ready, "Apply {n} label", "Apply {n} labels")}
            </button>
            <button type="button" disabled={action.busy} onClick={forget}>
              {t("Leave it")}
            </button>
          </div>
          <LabelRows
            rows={preview.rows}
            answers={answers}
            busy={action.busy}
            onAnswer={(row, study) => {
              const { [row]: _, ...others } = answers;
              void look(file, days, study === undefined ? others : { ...others, [row]: study });
            }}
          />
        </section>
      )}
    </>
  );
}

function Drop({
  busy,
  days,
  onDays,
  onFile,
}: {
  busy: boolean;
  days: number;
  onDays: (days: number) => void;
  onFile: (file: File | null | undefined) => void;
}) {
  const [over, setOver] = useState(false);
  return (
    <section
      class={`drop ${over ? "over" : ""}`}
      aria-label={t("Table of labels")}
      aria-busy={busy}
      data-testid="labels-drop"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFile(event.dataTransfer?.files[0]);
      }}
    >
      <p>
        <strong>{t("Drop a CSV or XLSX table here")}</strong> –{" "}
        {t("its first row names the columns: subject, pathology, date, procedure.")}
      </p>
      <div class="fields">
        <label class="button">
          {t("Choose a table")}
          <input
            type="file"
            class="hidden-input"
            accept=".csv,.tsv,.txt,.xlsx"
            disabled={busy}
            data-testid="labels-file"
            onChange={(event) => {
              const input = event.currentTarget;
              const table = input.files?.[0];
              input.value = "";
              onFile(table);
            }}
          />
        </label>
        <label>
          {t("Days from the examination to the procedure, at most")}
          <input
            type="number"
            class="short"
            min={0}
            max={3650}
            value={days}
            disabled={busy}
            onChange={(event) => onDays(Number(event.currentTarget.value) || 0)}
          />
        </label>
      </div>
      <p class="muted">
        {t("Subjects are found by a keyed hash; names and numbers of patients are not kept.")}
      </p>
    </section>
  );
}

function Applied({ list, onUndone }: { list: LabelImport[]; onUndone: (said: string) => void }) {
  const action = useAction();
  const undo = (id: Id) =>
    action.run(async () => {
      const { undone, kept } = await api.post<LabelsUndone>(`/labels/${id}/undo`);
      const stayed = kept
        ? ` ${tn(kept, "{n} study was changed since and keeps its class.", "{n} studies were changed since and keep their class.")}`
        : "";
      onUndone(`${tn(undone.labels, "{n} label taken back.", "{n} labels taken back.")}${stayed}`);
    });
  return (
    <>
      <h2>{t("Applied")}</h2>
      <ErrorLine error={action.error} />
      <table data-testid="labels-applied">
        <thead>
          <tr>
            <th>{t("When")}</th>
            <th class="right">{t("Labels")}</th>
            <th class="right">{t("Window (days)")}</th>
            <th>{t("By")}</th>
            <th>
              <span class="unseen">{t("Actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((one) => (
            <tr key={one.id} data-testid="labels-import">
              <td class="num">{when(one.created_at)}</td>
              <td class="num right">{one.labels}</td>
              <td class="num right">{one.window_days}</td>
              <td>{one.owner}</td>
              <td>
                {one.undone_at ? (
                  <span class="muted">{t("taken back {when}", { when: when(one.undone_at) })}</span>
                ) : (
                  <button type="button" class="small" disabled={action.busy} onClick={() => undo(one.id)}>
                    {t("Undo")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
