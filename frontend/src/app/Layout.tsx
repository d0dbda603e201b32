import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { Cohort } from "../api/types";
import { LanguageChoice } from "../i18n/LanguageChoice";
import { t } from "../i18n/t";
import { Help } from "./Help";
import { useAction, useLoad } from "./load";
import { Link, type Route } from "./router";
import { may, useSession } from "./session";

const TABS = [
  ["", t("Overview")],
  ["/import", t("Import")],
  ["/studies", t("Studies")],
  ["/labels", t("Labels")],
  ["/rounds", t("Rounds")],
  ["/training", t("Training")],
  ["/releases", t("Releases")],
] as const;

interface Props {
  path: string;
  cohort?: string | undefined;
  route?: Route | undefined;
  children: ComponentChildren;
}

/** The bar on top and the page below; within a cohort the bar holds its parts. */
export function Layout({ path, cohort, route, children }: Props) {
  const { user, signOut, version } = useSession();
  const action = useAction();
  const page = useRef<HTMLElement>(null);
  const before = useRef(route);

  useEffect(() => {
    document.title = route ? `${route.about.name} – Harvest` : "Harvest";
    // Whoever reads by ear or by keys begins at the new page, not where its link was.
    if (before.current !== route) page.current?.focus({ preventScroll: true });
    before.current = route;
  }, [route]);

  return (
    <>
      <a class="skip" href="#page">
        {t("Skip to the page")}
      </a>
      <header class="bar">
        <Link href="/" class="brand" title={`Harvest ${version}`}>
          Harvest
        </Link>
        {cohort && <CohortTabs id={cohort} path={path} />}
        <span class="grow" />
        <Link href="/models" aria-current={path.startsWith("/models") ? "page" : undefined}>
          {t("Models")}
        </Link>
        {may(user) && (
          <Link href="/network" aria-current={path === "/network" ? "page" : undefined}>
            {t("Network")}
          </Link>
        )}
        {may(user, "data_manager") && (
          <Link href="/audit" aria-current={path === "/audit" ? "page" : undefined}>
            {t("Audit trail")}
          </Link>
        )}
        {route && <Help about={route.about} ownKeys={route.ownKeys ?? false} />}
        <LanguageChoice signedIn />
        <Link
          href="/tokens"
          title={t("Your tokens for scripts")}
          aria-current={path === "/tokens" ? "page" : undefined}
          data-testid="user"
        >
          {user?.username}
        </Link>
        <button type="button" class="small" disabled={action.busy} onClick={() => action.run(signOut)}>
          {t("Sign out")}
        </button>
      </header>
      <main id="page" ref={page} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function CohortTabs({ id, path }: { id: string; path: string }) {
  const cohort = useLoad(() => api.get<Cohort>(`/cohorts/${id}`), [id]);
  const base = `/cohorts/${id}`;
  return (
    <nav aria-label={t("Cohort")}>
      <strong data-testid="cohort-name">{cohort.data?.name ?? " "}</strong>
      {TABS.map(([tail, name]) => (
        <Link key={tail} href={base + tail} aria-current={path === base + tail ? "page" : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
