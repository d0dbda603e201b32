/** Who is in a cohort, and whether it is for its members only. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Id, Member, Members } from "../api/types";
import { useAction, useLoad } from "../app/load";
import type { Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";

export function MembersPage({ params }: { params: Params }) {
  const { user } = useSession();
  return (
    <div class="page">
      <h1>{t("Members")}</h1>
      {may(user, "data_manager") ? (
        <Loaded cohort={params.id!} />
      ) : (
        <p class="muted">{t("Who is a member is the data manager's part.")}</p>
      )}
    </div>
  );
}

function Loaded({ cohort }: { cohort: Id }) {
  const found = useLoad(() => api.get<Members>(`/cohorts/${cohort}/members`), [cohort]);
  return (
    <Await of={found} what={t("the members")}>
      {(now) => <Choice key={JSON.stringify(now)} cohort={cohort} now={now} onSaved={found.reload} />}
    </Await>
  );
}

interface ChoiceProps {
  cohort: Id;
  now: Members;
  onSaved: () => void;
}

function Choice({ cohort, now, onSaved }: ChoiceProps) {
  const everyone = [...now.members, ...now.others];
  const [only, setOnly] = useState(now.members_only);
  const [chosen, setChosen] = useState(new Set(now.members.map(({ username }) => username)));
  const action = useAction();
  const toggle = (name: string) => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.put<Members>(`/cohorts/${cohort}/members`, { members_only: only, usernames: [...chosen] });
      onSaved();
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <label class="inline">
        <input type="checkbox" checked={only} onChange={() => setOnly(!only)} data-testid="members-only" />{" "}
        {t("Show this cohort to its members and admins only")}
      </label>
      {everyone.length ? (
        <People everyone={everyone} chosen={chosen} toggle={toggle} />
      ) : (
        <Empty>
          <p>{t("Nobody but admins can sign in yet. An admin makes logins at /admin.")}</p>
        </Empty>
      )}
      <button type="submit" class="primary" disabled={action.busy} data-testid="members-save">
        {t("Save the members")}
      </button>
      <ErrorLine error={action.error} />
    </form>
  );
}

interface PeopleProps {
  everyone: Member[];
  chosen: Set<string>;
  toggle: (name: string) => void;
}

function People({ everyone, chosen, toggle }: PeopleProps) {
  return (
    <table class="dense" data-testid="members">
      <thead>
        <tr>
          <th>{t("Member")}</th>
          <th>{t("Name")}</th>
          <th>{t("Roles")}</th>
        </tr>
      </thead>
      <tbody>
        {everyone.map(({ username, roles }) => (
          <tr key={username}>
            <td>
              <input
                type="checkbox"
                checked={chosen.has(username)}
                onChange={() => toggle(username)}
                aria-label={t("{name} is a member", { name: username })}
              />
            </td>
            <td>{username}</td>
            <td>{roles.map(words).join(", ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
