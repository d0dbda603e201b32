/** The head of the three pages about a cohort's readers. */
import type { ComponentChildren } from "preact";
import { Link } from "../app/router";

const PAGES = [
  ["/agreement", "Agreement"],
  ["/bias", "Automation bias"],
  ["/labour", "Labour"],
] as const;

export function Heading({ cohort, here, children }: Props) {
  return (
    <>
      <nav class="subnav" aria-label="Readers">
        {PAGES.map(([tail, name]) => (
          <Link
            key={tail}
            href={`/cohorts/${cohort}${tail}`}
            aria-current={tail === here ? "page" : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <h1>{children}</h1>
    </>
  );
}

interface Props {
  cohort: string;
  here: (typeof PAGES)[number][0];
  children: ComponentChildren;
}
