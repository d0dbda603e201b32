/** The audit trail: who did what, when, from where; narrowed down, and taken away as a table. */
import { useState } from "preact/hooks";
import { all, api, relative, url } from "../api/client";
import type { AuditAction, AuditEvent, Cohort, Page } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { AUDIT_ACTIONS, dayAfter, dayStart } from "./audit";

const NOTHING = { actor: "", action: "" as AuditAction | "", cohort: "", since: "", until: "" };

export function AuditPage() {
  const { user } = useSession();
  return (
    <div class="page">
      <h1>{t("Audit trail")}</h1>
      {may(user, "data_manager") ? (
        <Trail />
      ) : (
        <p class="muted">{t("The audit trail is for data managers and admins.")}</p>
      )}
    </div>
  );
}

function Trail() {
  const [asked, setAsked] = useState(NOTHING);
  const cohorts = useLoad(() => all<Cohort>("/cohorts"), []);
  const query = { ...asked, since: dayStart(asked.since), until: dayAfter(asked.until) };
  const change = (part: Partial<typeof NOTHING>) => setAsked({ ...asked, ...part });
  return (
    <>
      <form class="panel" onSubmit={(event) => event.preventDefault()}>
        <div class="fields">
          <label>
            {t("Who")}
            <input
              value={asked.actor}
              onChange={(e) => change({ actor: e.currentTarget.value })}
              data-testid="audit-actor"
            />
          </label>
          <label>
            {t("What")}
            <select
              value={asked.action}
              onChange={(e) => change({ action: e.currentTarget.value as AuditAction | "" })}
              data-testid="audit-action"
            >
              <option value="">{t("anything")}</option>
              {AUDIT_ACTIONS.map((action) => (
                <option key={action} value={action}>
                  {words(action)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t("Cohort")}
            <select value={asked.cohort} onChange={(e) => change({ cohort: e.currentTarget.value })}>
              <option value="">{t("any")}</option>
              {(cohorts.data ?? []).map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t("From")}
            <input
              type="date"
              value={asked.since}
              onChange={(e) => change({ since: e.currentTarget.value })}
            />
          </label>
          <label>
            {t("Until")}
            <input
              type="date"
              value={asked.until}
              onChange={(e) => change({ until: e.currentTarget.value })}
            />
          </label>
          <a class="button" href={url("/audit.csv", query)} download data-testid="audit-csv">
            {t("Download these as a table")}
          </a>
        </div>
      </form>
      <Events key={JSON.stringify(query)} query={query} cohorts={cohorts.data ?? []} />
    </>
  );
}

interface EventsProps {
  query: Record<string, string>;
  cohorts: Cohort[];
}

function Events({ query, cohorts }: EventsProps) {
  const first = useLoad(() => api.get<Page<AuditEvent>>("/audit", { query }), []);
  const [more, setMore] = useState<Page<AuditEvent>[]>([]);
  const action = useAction();
  const next = (more.at(-1) ?? first.data)?.next;
  const older = () =>
    action.run(async () => {
      const page = await api.get<Page<AuditEvent>>(relative(next!));
      setMore([...more, page]);
    });
  return (
    <Await of={first} what={t("the audit trail")}>
      {({ results }) =>
        results.length ? (
          <>
            <Table events={[...results, ...more.flatMap((page) => page.results)]} cohorts={cohorts} />
            {next && (
              <button type="button" disabled={action.busy} onClick={older}>
                {t("Show older ones")}
              </button>
            )}
            <ErrorLine error={action.error} />
          </>
        ) : (
          <Empty>
            <p>{t("Nothing was recorded that fits. Widen the time, or leave a field empty.")}</p>
          </Empty>
        )
      }
    </Await>
  );
}

function Table({ events, cohorts }: { events: AuditEvent[]; cohorts: Cohort[] }) {
  const names = new Map(cohorts.map(({ id, name }) => [id, name]));
  return (
    <table class="dense" data-testid="audit">
      <thead>
        <tr>
          <th>{t("When")}</th>
          <th>{t("Who")}</th>
          <th>{t("What")}</th>
          <th>{t("Outcome")}</th>
          <th>{t("Cohort")}</th>
          <th>{t("Of")}</th>
          <th>{t("By way of")}</th>
          <th>{t("From address")}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id} data-testid="audit-row">
            <td class="num">{when(event.at)}</td>
            <td>{event.actor || <span class="muted">{t("nobody")}</span>}</td>
            <td>{words(event.action)}</td>
            <td>{words(event.outcome)}</td>
            <td>{event.cohort && (names.get(event.cohort) ?? event.cohort)}</td>
            <td class="mono" title={event.object_id}>
              {String(event.detail.url ?? event.object_id)}
            </td>
            <td>{event.via}</td>
            <td class="mono">{event.address}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
