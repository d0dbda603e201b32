import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { ExportFormat, Id, Release, ReleaseDiff } from "../api/types";
import { when } from "../app/format";
import { useLoad } from "../app/load";
import type { Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty } from "../app/ui";
import { words } from "../app/words";
import { offsetText } from "../geometry/offset";
import { number, t, tn } from "../i18n/t";
import { Freeze } from "./Freeze";
import { ReleaseExports } from "./ReleaseExports";
import { Verify } from "./Verify";

/** What became of lesions between two releases, and of how many. */
const CHANGES = {
  added: {
    none: t("none added"),
    some: (n: number) => tn(n, "{n} lesion added", "{n} lesions added"),
  },
  removed: {
    none: t("none removed"),
    some: (n: number) => tn(n, "{n} lesion removed", "{n} lesions removed"),
  },
  moved: {
    none: t("none moved"),
    some: (n: number) => tn(n, "{n} lesion moved", "{n} lesions moved"),
  },
  relabelled: {
    none: t("none relabelled"),
    some: (n: number) => tn(n, "{n} lesion relabelled", "{n} lesions relabelled"),
  },
};

export function ReleasesPage({ params }: { params: Params }) {
  const { user } = useSession();
  const releases = useLoad(() => all<Release>(`/cohorts/${params.id}/releases`), [params.id]);
  const formats = useLoad(() => api.get<ExportFormat[]>("/export-formats"), []);
  return (
    <div class="page">
      <h1>{t("Releases")}</h1>
      <p class="muted">
        {t("A release is what was curated at one moment, frozen under a hash; it never changes.")}
      </p>
      {may(user, "data_manager") && <Freeze cohort={params.id!} onFrozen={releases.reload} />}
      <Await of={releases} what={t("the releases")}>
        {(list) =>
          list.length ? (
            <>
              <table data-testid="releases">
                <thead>
                  <tr>
                    <th class="right">{t("Release")}</th>
                    <th>{t("Holds")}</th>
                    <th>{t("Note")}</th>
                    <th>{t("Hash")}</th>
                    <th>{t("Frozen")}</th>
                    <th>{t("Download")}</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((release) => (
                    <tr key={release.id} data-testid="release-row" data-number={release.number}>
                      <td class="num right">{release.number}</td>
                      <td class="wide">{holds(release)}</td>
                      <td class="wide">{release.note}</td>
                      <td>
                        <span class="mono" title={release.manifest_sha256}>
                          {release.manifest_sha256.slice(0, 12)}
                        </span>{" "}
                        <Verify release={release.id} />
                      </td>
                      <td class="num">{when(release.created_at)}</td>
                      <td class="downloads">
                        <ReleaseExports release={release.id} formats={formats.data ?? []} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {list.length > 1 && <Diff releases={list} />}
            </>
          ) : (
            <Empty>
              <p>{t("Nothing is frozen yet. Review a round, then freeze what was accepted.")}</p>
            </Empty>
          )
        }
      </Await>
    </div>
  );
}

function holds({ counts }: Release): string {
  return Object.entries(counts)
    .filter(([, n]) => typeof n === "number")
    .map(([what, n]) => `${number(Number(n))} ${words(what)}`)
    .join(", ");
}

function Diff({ releases }: { releases: Release[] }) {
  const [from, setFrom] = useState(releases[1]!.id);
  const [to, setTo] = useState(releases[0]!.id);
  const diff = useLoad(() => api.get<ReleaseDiff>(`/releases/${from}/diff`, { query: { to } }), [from, to]);
  const choose = (label: string, value: Id, set: (id: Id) => void) => (
    <label>
      {label}
      <select value={value} onChange={(e) => set(e.currentTarget.value)}>
        {releases.map((release) => (
          <option key={release.id} value={release.id}>
            {t("release {number}", { number: release.number })}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section>
      <h2>{t("What changed")}</h2>
      <div class="fields">
        {choose(t("From"), from, setFrom)}
        {choose(t("To"), to, setTo)}
      </div>
      <Await of={diff} what={t("the difference")}>
        {(changes) => (
          <ul class="plain" data-testid="diff">
            {(["added", "removed", "moved", "relabelled"] as const).map((what) => (
              <li key={what}>
                {changes[what].length ? (
                  <details>
                    <summary class="num">{CHANGES[what].some(changes[what].length)}</summary>
                    <ChangedLesions of={changes[what]} />
                  </details>
                ) : (
                  <span class="muted">{CHANGES[what].none}</span>
                )}
              </li>
            ))}
            <li>
              {changes.nudged.length ? (
                <details>
                  <summary class="num">
                    {tn(changes.nudged.length, "{n} phase nudged", "{n} phases nudged")}
                  </summary>
                  <NudgedPhases of={changes.nudged} />
                </details>
              ) : (
                <span class="muted">{t("no phase nudged")}</span>
              )}
            </li>
          </ul>
        )}
      </Await>
    </section>
  );
}

function ChangedLesions({ of }: { of: ReleaseDiff["added"] }) {
  return (
    <table>
      <thead>
        <tr>
          <th class="right">{t("Study")}</th>
          <th>{t("Class")}</th>
          <th>{t("Primary")}</th>
          <th>{t("Lesion")}</th>
        </tr>
      </thead>
      <tbody>
        {of.map((one) => (
          <tr key={one.lesion} data-testid="diff-row">
            <td class="num right">{one.ordinal}</td>
            <td>{one.lesion_class ? words(one.lesion_class) : t("not known")}</td>
            <td>{one.primary ? t("primary") : t("other")}</td>
            <td class="mono" title={one.lesion}>
              {one.lesion.slice(0, 8)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NudgedPhases({ of }: { of: ReleaseDiff["nudged"] }) {
  return (
    <table>
      <thead>
        <tr>
          <th class="right">{t("Study")}</th>
          <th>{t("Phase")}</th>
          <th>{t("Before")}</th>
          <th>{t("After")}</th>
        </tr>
      </thead>
      <tbody>
        {of.map((one) => (
          <tr key={`${one.study} ${one.phase}`} data-testid="diff-nudged">
            <td class="num right">{one.ordinal}</td>
            <td>{words(one.phase)}</td>
            <td class="num">{offsetText(one.before_mm)}</td>
            <td class="num">{offsetText(one.after_mm)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
