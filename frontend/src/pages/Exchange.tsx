/** Model versions from other installations: a file, and whose word is taken for it. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ImportedVersion } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { Link } from "../app/router";
import { ErrorLine } from "../app/ui";
import { rich } from "../i18n/rich";
import { t } from "../i18n/t";

export function Exchange({ onImported }: { onImported: () => void }) {
  const own = useLoad(() => api.get<{ fingerprint: string }>("/models/import"), []);
  const [file, setFile] = useState<File | null>(null);
  const [trust, setTrust] = useState("");
  const [made, setMade] = useState<ImportedVersion | null>(null);
  const action = useAction();
  const unknown = action.error?.code === "unknown_sender";
  const take = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const body = new FormData();
      body.append("file", file!);
      body.append("trust", trust);
      setMade(await api.post<ImportedVersion>("/models/import", body));
      onImported();
    });
  };
  return (
    <details class="panel" data-testid="exchange">
      <summary>{t("Versions of other installations")}</summary>
      <p class="muted">
        {rich(
          t(
            "A version’s page has its file for others. Whoever takes it over compares this Harvest’s fingerprint first: {fingerprint}",
          ),
          { fingerprint: <span class="mono">{own.data?.fingerprint ?? "…"}</span> },
        )}
      </p>
      <form class="fields" onSubmit={take}>
        <label>
          {t("File of a version")}
          <input
            type="file"
            accept=".zip"
            onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)}
            data-testid="version-file"
          />
        </label>
        {unknown && (
          <label class="grow">
            {t("Fingerprint that its sender told you")}
            <input
              class="mono"
              value={trust}
              onInput={(e) => setTrust(e.currentTarget.value)}
              data-testid="version-trust"
            />
          </label>
        )}
        <button type="submit" disabled={!file || action.busy} data-testid="version-import">
          {t("Take it over")}
        </button>
      </form>
      <ErrorLine error={action.error} />
      {made && (
        <div data-testid="version-imported">
          <p>
            {rich(t("It is here as {name}, and not in use."), {
              name: <Link href={`/models/${made.version.id}`}>{made.version.name}</Link>,
            })}
          </p>
          <ul>
            {made.checks.map((check) => (
              <li key={check.text} class={check.holds ? "" : "muted"}>
                {check.holds ? "✓" : "–"} {check.text}
              </li>
            ))}
          </ul>
        </div>
      )}
    </details>
  );
}
