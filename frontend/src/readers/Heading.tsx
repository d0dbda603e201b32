/** The head of the three pages about a cohort's readers. */
import { Link } from "../app/router";
import { t } from "../i18n/t";

export type ReadersPage = "/agreement" | "/bias" | "/labour";

const pages = (): [ReadersPage, string][] => [
  ["/agreement", t("Agreement")],
  ["/bias", t("Automation bias")],
  ["/labour", t("Labour")],
];

export function Heading({ cohort, here, title }: { cohort: string; here: ReadersPage; title: string }) {
  return (
    <>
      <nav class="subnav" aria-label={t("Readers")}>
        {pages().map(([tail, name]) => (
          <Link
            key={tail}
            href={`/cohorts/${cohort}${tail}`}
            aria-current={tail === here ? "page" : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <h1>{title}</h1>
    </>
  );
}
