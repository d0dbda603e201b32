/** The choice of a language: kept with the person where one is signed in, else in this browser. */
import { api } from "../api/client";
import { isLanguage, LANGUAGES, remember } from "./language";
import { current, t } from "./t";

export function LanguageChoice({ signedIn }: { signedIn: boolean }) {
  const choose = async (language: string) => {
    if (!isLanguage(language)) return;
    remember(localStorage, language);
    if (signedIn) await api.patch("/me/preferences", { language }).catch(() => {});
    location.reload();
  };
  return (
    <select
      class="language"
      aria-label={t("Language")}
      data-testid="language"
      value={current()}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}
