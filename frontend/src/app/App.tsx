import { useEffect } from "preact/hooks";
import { t } from "../i18n/t";
import { outboxOf } from "../review/outboxes";
import { Layout } from "./Layout";
import { Login } from "./Login";
import { find, useLocation } from "./router";
import { ROUTES } from "./routes";
import { SessionProvider, useSession } from "./session";
import { Empty, ErrorLine } from "./ui";

export function App() {
  return (
    <SessionProvider
      fallback={(error, retry) => (
        <div class="page">
          {error ? <ErrorLine error={error} retry={retry} /> : <p class="muted slow">{t("Loading …")}</p>}
        </div>
      )}
    >
      <Shell />
    </SessionProvider>
  );
}

function Shell() {
  const { user, expired } = useSession();
  const { path, search } = useLocation();

  useEffect(() => {
    // What an earlier visit left unsent goes now, whatever page this is.
    if (user && !expired) outboxOf(user.username).resume();
  }, [user, expired]);

  if (!user)
    return (
      <main>
        <Login />
      </main>
    );
  const found = find(ROUTES, path);
  const Page = found?.route.page;
  const cohort = path.startsWith("/cohorts/") ? found?.params.id : undefined;
  return (
    <>
      <div inert={expired}>
        <Layout path={path} cohort={cohort} route={found?.route}>
          {Page && found ? (
            <Page key={found.route.pattern} params={found.params} search={search} />
          ) : (
            <Empty>
              <h1>{t("There is no such page")}</h1>
              <p>{t("The address may be cut short. The cohorts are a click on Harvest away.")}</p>
            </Empty>
          )}
        </Layout>
      </div>
      {expired && (
        <div class="cover" role="dialog" aria-modal="true" aria-label={t("Sign in")}>
          <Login again />
        </div>
      )}
    </>
  );
}
