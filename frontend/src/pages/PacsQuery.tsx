/** Where studies come in from an archive: searched, chosen, pulled. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { ArchiveFound, Id, ImageArchive, ImportJob, Split } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { Link } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, ErrorLine } from "../app/ui";
import { t, tn } from "../i18n/t";
import { allOf, day, narrow, toggled } from "./pacs";

interface Props {
  cohort: Id;
  split: Split;
  onStarted: (job: ImportJob) => void;
}

export function PacsQuery(props: Props) {
  const archives = useLoad(() => all<ImageArchive>("/archives"), []);
  const { user } = useSession();
  return (
    <section class="panel" aria-label={t("Studies from an archive")} data-testid="pacs">
      <h2>{t("From an archive")}</h2>
      <Await of={archives} what={t("the archives")}>
        {(list) =>
          list.length ? (
            <Query {...props} archives={list} />
          ) : (
            <p class="muted" data-testid="pacs-none">
              {t("No archive is set up.")}{" "}
              {may(user) ? (
                <Link href="/network">{t("Add one")}</Link>
              ) : (
                t("An admin adds one on the Network page.")
              )}
            </p>
          )
        }
      </Await>
    </section>
  );
}

const BLANK = { from: "", to: "", patient: "", accession: "", description: "" };

function Query({ cohort, split, onStarted, archives }: Props & { archives: ImageArchive[] }) {
  const [archive, setArchive] = useState(archives[0]!.id);
  const [form, setForm] = useState(BLANK);
  const [found, setFound] = useState<{ answer: ArchiveFound; number: number } | null>(null);
  const search = useAction();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    // What was found before stays until the answer comes, so that nothing below jumps twice.
    void search.run(async () => {
      const body = {
        date_from: form.from || null,
        date_to: form.to || null,
        patient_id: form.patient.trim(),
        accession: form.accession.trim(),
        description: form.description.trim(),
      };
      try {
        const answer = await api.post<ArchiveFound>(`/archives/${archive}/search`, body);
        setFound({ answer, number: (found?.number ?? 0) + 1 });
      } catch (problem) {
        setFound(null);
        throw problem;
      }
    });
  };
  const field = (name: keyof typeof BLANK, label: string, rest: object) => (
    <label>
      {label}
      <input
        {...rest}
        autocomplete="off"
        value={form[name]}
        onInput={(e) => setForm({ ...form, [name]: e.currentTarget.value })}
        data-testid={`pacs-${name}`}
      />
    </label>
  );
  return (
    <>
      <form class="fields" onSubmit={submit}>
        {archives.length > 1 && (
          <label>
            {t("Archive")}
            <select
              value={archive}
              onChange={(e) => {
                setArchive(e.currentTarget.value);
                setFound(null);
              }}
            >
              {archives.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {field("from", t("CT from"), { type: "date" })}
        {field("to", t("to"), { type: "date", min: form.from })}
        {field("patient", t("Patient id"), { maxLength: 64, size: 14 })}
        {field("accession", t("Accession number"), { maxLength: 16, size: 14 })}
        {field("description", t("Described with"), { maxLength: 64, size: 14, placeholder: t("liver") })}
        <button type="submit" disabled={search.busy || !narrow(form)} data-testid="pacs-search">
          {archives.length === 1 ? t("Search {name}", { name: archives[0]!.name }) : t("Search")}
        </button>
      </form>
      {search.busy && (
        <p class="muted slow" role="status">
          {t("Asking the archive …")}
        </p>
      )}
      <ErrorLine error={search.error} />
      {found && (
        <Found
          key={found.number}
          cohort={cohort}
          split={split}
          archive={archive}
          {...found.answer}
          onStarted={onStarted}
        />
      )}
    </>
  );
}

type FoundProps = Props & ArchiveFound & { archive: Id };

function Found({ cohort, split, archive, studies, more, onStarted }: FoundProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const pull = useAction();
  const start = () =>
    pull.run(async () => {
      const body = { archive, studies: [...chosen], split };
      onStarted(await api.post<ImportJob>(`/cohorts/${cohort}/pulls`, body));
      setChosen(new Set());
    });
  if (!studies.length)
    return (
      <p role="status" data-testid="pacs-empty">
        {t("The archive has no such CT study.")}
      </p>
    );
  const every = chosen.size === studies.length;
  return (
    <>
      {more && (
        <p class="muted">{t("The archive has more; these are the newest {n}.", { n: studies.length })}</p>
      )}
      <div class="found">
        <table data-testid="pacs-found">
          <thead>
            <tr>
              <th>
                <input
                  type="checkbox"
                  aria-label={t("All studies")}
                  checked={every}
                  onChange={() => setChosen(every ? new Set() : allOf(studies))}
                />
              </th>
              <th>{t("Date")}</th>
              <th>{t("Description")}</th>
              <th>{t("Patient id")}</th>
              <th class="right">{t("Series")}</th>
              <th class="right">{t("Images")}</th>
            </tr>
          </thead>
          <tbody>
            {studies.map((study) => (
              <tr key={study.study_uid} data-testid="pacs-row">
                <td>
                  <input
                    type="checkbox"
                    aria-label={t("Study of {date}, {description}", {
                      date: day(study.date),
                      description: study.description,
                    })}
                    checked={chosen.has(study.study_uid)}
                    onChange={() => setChosen(toggled(chosen, study.study_uid))}
                  />
                </td>
                <td class="num">{day(study.date)}</td>
                <td class="wide" title={study.description}>
                  {study.description || <span class="muted">{t("none")}</span>}
                </td>
                <td class="num">{study.patient_id}</td>
                <td class="num right">{study.series ?? ""}</td>
                <td class="num right">{study.instances ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        <button
          type="button"
          class="primary"
          disabled={!chosen.size || pull.busy}
          onClick={start}
          data-testid="pacs-pull"
        >
          {tn(chosen.size, "Pull {n} study", "Pull {n} studies")}
        </button>
      </p>
      <ErrorLine error={pull.error} />
    </>
  );
}
