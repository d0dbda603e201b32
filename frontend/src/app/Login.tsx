import { useEffect, useRef, useState } from "preact/hooks";
import { LanguageChoice } from "../i18n/LanguageChoice";
import { t } from "../i18n/t";
import { useAction } from "./load";
import { useSession } from "./session";
import { ErrorLine } from "./ui";

/** The sign-in form; `again` where a session ended and the page waits underneath. */
export function Login({ again = false }: { again?: boolean }) {
  const { signIn, user } = useSession();
  const [username, setUsername] = useState(again ? (user?.username ?? "") : "");
  const [password, setPassword] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const action = useAction();

  // A known name leaves the password to be typed.
  useEffect(() => {
    const empty = [...(form.current?.querySelectorAll("input") ?? [])].find((input) => !input.value);
    empty?.focus();
  }, []);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await signIn(username, password);
    });
  };

  return (
    <form ref={form} class="login" onSubmit={submit} aria-label={t("Sign in")} data-testid="login">
      <h1>Harvest</h1>
      <p class="muted">
        {again
          ? t("Your session has ended. Sign in again to go on where you were; nothing is lost.")
          : t("Sign in to go on.")}
      </p>
      <label>
        {t("Name")}
        <input
          name="username"
          autocomplete="username"
          required
          value={username}
          onInput={(e) => setUsername(e.currentTarget.value)}
        />
      </label>
      <label>
        {t("Password")}
        <input
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </label>
      <ErrorLine error={action.error} />
      <button type="submit" class="primary" disabled={action.busy}>
        {t("Sign in")}
      </button>
      {!again && <LanguageChoice signedIn={false} />}
    </form>
  );
}
