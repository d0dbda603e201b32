/** Archives that studies are pulled from, and systems that may send: set up by admins. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Cohort, DicomSender, ImageArchive, Listener } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { Await, ErrorLine } from "../app/ui";
import { rich } from "../i18n/rich";
import { t } from "../i18n/t";

export function NetworkPage() {
  const archives = useLoad(() => all<ImageArchive>("/archives"), []);
  const senders = useLoad(() => all<DicomSender>("/dicom-senders"), []);
  const cohorts = useLoad(() => all<Cohort>("/cohorts"), []);
  const listener = useLoad(() => api.get<Listener>("/listener"), []);
  return (
    <div class="page">
      <h1>{t("Network")}</h1>
      <section>
        <h2>{t("Archives to pull from (DICOMweb)")}</h2>
        <Await of={archives} what={t("the archives")}>
          {(list) => <Archives list={list} onChanged={archives.reload} />}
        </Await>
        <NewArchive onMade={archives.reload} />
      </section>
      <section>
        <h2>{t("Systems that send here (C-STORE)")}</h2>
        <Await of={listener} what={t("the listener")}>
          {(here) => <Here {...here} />}
        </Await>
        <Await of={senders} what={t("the senders")}>
          {(list) => <Senders list={list} onChanged={senders.reload} />}
        </Await>
        <NewSender cohorts={cohorts.data ?? []} onMade={senders.reload} />
      </section>
      <section>
        <h2>{t("Systems that send here (STOW-RS)")}</h2>
        <p>
          {rich(t("With the token of a data manager in the header {header}; a study is imported as above."), {
            header: <span class="mono">Authorization: Token …</span>,
          })}
        </p>
        <table>
          <thead>
            <tr>
              <th>{t("Into cohort")}</th>
              <th>{t("Address")}</th>
            </tr>
          </thead>
          <tbody>
            {(cohorts.data ?? []).map(({ id, name }) => (
              <tr key={id}>
                <td>{name}</td>
                <td class="mono">
                  {location.origin}/dicom-web/{id}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Here({ ae_title, host, port, quiet_seconds }: Listener) {
  if (port === null)
    return (
      <p class="muted">
        {rich(t("No listener runs. Set {variable} and start Harvest again."), {
          variable: <span class="mono">HARVEST_DICOM_PORT</span>,
        })}
      </p>
    );
  return (
    <p>
      {rich(
        t(
          "AE title {title} on {host} port {port}. A study is imported when nothing came for it for {n} s. Whoever is not listed is refused.",
          { n: quiet_seconds },
        ),
        {
          title: <span class="mono">{ae_title}</span>,
          host: <span class="mono">{host}</span>,
          port: <span class="mono">{port}</span>,
        },
      )}
    </p>
  );
}

function Archives({ list, onChanged }: { list: ImageArchive[]; onChanged: () => void }) {
  if (!list.length) return <p class="muted">{t("None yet.")}</p>;
  return (
    <table data-testid="archives">
      <thead>
        <tr>
          <th>{t("Name")}</th>
          <th>{t("Address")}</th>
          <th>{t("Login")}</th>
          <th>
            <span class="unseen">{t("Actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((archive) => (
          <tr key={archive.id} data-testid="archive-row">
            <td>{archive.name}</td>
            <td class="mono">{archive.url}</td>
            <td>
              {archive.has_token ? t("token") : archive.username || <span class="muted">{t("none")}</span>}
            </td>
            <Actions path={`/archives/${archive.id}`} name={archive.name} onChanged={onChanged} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Senders({ list, onChanged }: { list: DicomSender[]; onChanged: () => void }) {
  if (!list.length) return <p class="muted">{t("None yet: nobody may send.")}</p>;
  return (
    <table data-testid="senders">
      <thead>
        <tr>
          <th>{t("Calling AE title")}</th>
          <th>{t("Into cohort")}</th>
          <th>{t("Only from")}</th>
          <th>
            <span class="unseen">{t("Actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((sender) => (
          <tr key={sender.id} data-testid="sender-row">
            <td class="mono">{sender.ae_title}</td>
            <td>{sender.cohort_name}</td>
            <td class="mono">
              {sender.host ? `${sender.host}${sender.port ? `:${sender.port}` : ""}` : t("anywhere")}
            </td>
            <Actions
              path={`/dicom-senders/${sender.id}`}
              name={sender.ae_title}
              onChanged={onChanged}
              untested={!sender.host || !sender.port}
            />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ActionsProps {
  path: string;
  name: string;
  onChanged: () => void;
  untested?: boolean;
}

/** Try whether it answers, take it away. */
function Actions({ path, name, onChanged, untested = false }: ActionsProps) {
  const test = useAction();
  const removal = useAction();
  const [answered, setAnswered] = useState(false);
  const check = () =>
    test.run(async () => {
      setAnswered(false);
      await api.post(`${path}/test`);
      setAnswered(true);
    });
  const remove = () =>
    removal.run(async () => {
      await api.delete(path);
      onChanged();
    });
  return (
    <td class="actions">
      {!untested && (
        <button
          type="button"
          class="small"
          disabled={test.busy}
          onClick={check}
          aria-label={t("Test the connection to {name}", { name })}
        >
          {t("Test the connection")}
        </button>
      )}
      <button
        type="button"
        class="small"
        disabled={removal.busy}
        onClick={remove}
        aria-label={t("Remove {name}", { name })}
      >
        {t("Remove")}
      </button>
      {test.busy && <span class="muted slow">{t("Asking …")}</span>}
      {answered && !test.busy && !test.error && (
        <span role="status" data-testid="answered">
          {t("It answers.")}
        </span>
      )}
      <ErrorLine error={test.error ?? removal.error} />
    </td>
  );
}

const ARCHIVE = { name: "", url: "", username: "", password: "", token: "" };

function NewArchive({ onMade }: { onMade: () => void }) {
  const [form, setForm] = useState(ARCHIVE);
  const field = (name: keyof typeof ARCHIVE, label: string, rest: object = {}) => (
    <label class={name === "url" ? "grow" : ""}>
      {label}
      <input
        autocomplete="off"
        {...rest}
        value={form[name]}
        onInput={(e) => setForm({ ...form, [name]: e.currentTarget.value })}
        data-testid={`archive-${name}`}
      />
    </label>
  );
  const make = async () => {
    await api.post("/archives", form);
    setForm(ARCHIVE);
    onMade();
  };
  return (
    <NewForm title={t("Add an archive")} submit={t("Add the archive")} make={make}>
      {field("name", t("Name"), {
        required: true,
        maxLength: 80,
        pattern: "[A-Za-z0-9_\\-]+",
        title: t("Letters, digits, - and _"),
      })}
      {field("url", t("DICOMweb address"), {
        required: true,
        type: "url",
        placeholder: "https://pacs.example.org/dicom-web",
      })}
      {field("username", t("User name"))}
      {field("password", t("Password"), { type: "password", autocomplete: "new-password" })}
      {field("token", t("or a token"), { type: "password", autocomplete: "new-password" })}
    </NewForm>
  );
}

const SENDER = { ae_title: "", cohort: "", host: "", port: "" };

function NewSender({ cohorts, onMade }: { cohorts: Cohort[]; onMade: () => void }) {
  const [form, setForm] = useState(SENDER);
  const change = (part: Partial<typeof SENDER>) => setForm({ ...form, ...part });
  const make = async () => {
    await api.post("/dicom-senders", { ...form, port: form.port ? Number(form.port) : null });
    setForm(SENDER);
    onMade();
  };
  return (
    <NewForm title={t("Let a system send")} submit={t("Let it send")} make={make}>
      <label>
        {t("Calling AE title")}
        <input
          required
          maxLength={16}
          value={form.ae_title}
          onInput={(e) => change({ ae_title: e.currentTarget.value })}
          data-testid="sender-title"
        />
      </label>
      <label>
        {t("Into cohort")}
        <select
          required
          value={form.cohort}
          onChange={(e) => change({ cohort: e.currentTarget.value })}
          data-testid="sender-cohort"
        >
          <option value="">{t("choose")}</option>
          {cohorts.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("Only from (IP address)")}
        <input
          placeholder={t("anywhere")}
          value={form.host}
          onInput={(e) => change({ host: e.currentTarget.value })}
        />
      </label>
      <label>
        {t("Its port, to test it")}
        <input
          type="number"
          min="1"
          max="65535"
          class="short"
          value={form.port}
          onInput={(e) => change({ port: e.currentTarget.value })}
        />
      </label>
    </NewForm>
  );
}

interface NewFormProps {
  title: string;
  submit: string;
  make: () => Promise<void>;
  children: ComponentChildren;
}

function NewForm({ title, submit, make, children }: NewFormProps) {
  const action = useAction();
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(make);
      }}
    >
      <h2>{title}</h2>
      <div class="fields">
        {children}
        <button type="submit" disabled={action.busy}>
          {submit}
        </button>
      </div>
      <ErrorLine error={action.error} />
    </form>
  );
}
