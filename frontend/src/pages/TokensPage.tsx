/** Tokens of scripts: made with a scope and an end, their secret told once, and revoked. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { ApiToken, Cohort, IssuedToken, TokenScope } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

export function TokensPage() {
  const tokens = useLoad(() => all<ApiToken>("/tokens"), []);
  const { user } = useSession();
  return (
    <div class="page">
      <h1>{t("Tokens")}</h1>
      <Await of={tokens} what={t("the tokens")}>
        {(list) =>
          list.length ? (
            <Tokens list={list} owners={may(user)} onRevoked={tokens.reload} />
          ) : (
            <Empty>
              <p>
                {t(
                  "No token yet. A script signs in with one instead of your password, and does what you may do.",
                )}
              </p>
            </Empty>
          )
        }
      </Await>
      <NewToken onMade={tokens.reload} />
    </div>
  );
}

function standing(token: ApiToken): string {
  if (token.revoked_at) return t("revoked");
  return Date.parse(token.expires_at) <= Date.now() ? t("expired") : t("valid");
}

interface TokensProps {
  list: ApiToken[];
  owners: boolean;
  onRevoked: () => void;
}

function Tokens({ list, owners, onRevoked }: TokensProps) {
  return (
    <table data-testid="tokens">
      <thead>
        <tr>
          <th>{t("Name")}</th>
          {owners && <th>{t("Owner")}</th>}
          <th>{t("May")}</th>
          <th>{t("Cohort")}</th>
          <th>{t("Ends")}</th>
          <th>{t("Last used")}</th>
          <th>{t("State")}</th>
          <th>
            <span class="unseen">{t("Actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((token) => (
          <tr key={token.id} data-testid="token-row">
            <td>{token.name}</td>
            {owners && <td>{token.owner}</td>}
            <td>{token.scope === "read" ? t("read") : t("read and write")}</td>
            <td>{token.cohort_name ?? <span class="muted">{t("all")}</span>}</td>
            <td class="num">{when(token.expires_at)}</td>
            <td class="num">
              {token.last_used_at ? when(token.last_used_at) : <span class="muted">{t("never")}</span>}
            </td>
            <td>{standing(token)}</td>
            <td class="actions">{!token.revoked_at && <Revoke token={token} onRevoked={onRevoked} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Revoke({ token, onRevoked }: { token: ApiToken; onRevoked: () => void }) {
  const action = useAction();
  const revoke = () =>
    action.run(async () => {
      await api.delete(`/tokens/${token.id}`);
      onRevoked();
    });
  return (
    <>
      <button
        type="button"
        class="small"
        disabled={action.busy}
        onClick={revoke}
        aria-label={t("Revoke {name}", { name: token.name })}
      >
        {t("Revoke")}
      </button>
      <ErrorLine error={action.error} />
    </>
  );
}

const NEW = { name: "", scope: "read" as TokenScope, days: "90", cohort: "" };

function NewToken({ onMade }: { onMade: () => void }) {
  const [form, setForm] = useState(NEW);
  const [secret, setSecret] = useState("");
  const cohorts = useLoad(() => all<Cohort>("/cohorts"), []);
  const action = useAction();
  const change = (part: Partial<typeof NEW>) => setForm({ ...form, ...part });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const asked = { ...form, days: Number(form.days), cohort: form.cohort || null };
      const made = await api.post<IssuedToken>("/tokens", asked);
      setSecret(made.secret);
      setForm(NEW);
      onMade();
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>{t("New token")}</h2>
      <div class="fields">
        <label class="grow">
          {t("Name")}
          <input
            required
            maxLength={80}
            value={form.name}
            onInput={(e) => change({ name: e.currentTarget.value })}
            data-testid="token-name"
          />
        </label>
        <label>
          {t("May")}
          <select
            value={form.scope}
            onChange={(e) => change({ scope: e.currentTarget.value as TokenScope })}
            data-testid="token-scope"
          >
            <option value="read">{t("read")}</option>
            <option value="write">{t("read and write")}</option>
          </select>
        </label>
        <label>
          {t("Cohort")}
          <select value={form.cohort} onChange={(e) => change({ cohort: e.currentTarget.value })}>
            <option value="">{t("all")}</option>
            {(cohorts.data ?? []).map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("Days until it ends")}
          <input
            type="number"
            required
            min="1"
            max="365"
            class="short"
            value={form.days}
            onInput={(e) => change({ days: e.currentTarget.value })}
          />
        </label>
        <button type="submit" class="primary" disabled={action.busy} data-testid="token-create">
          {t("Make the token")}
        </button>
      </div>
      <ErrorLine error={action.error} />
      {secret && (
        <p role="status">
          {t("Copy it now; it is not shown again:")}{" "}
          <code class="mono" data-testid="token-secret">
            {secret}
          </code>
        </p>
      )}
    </form>
  );
}
