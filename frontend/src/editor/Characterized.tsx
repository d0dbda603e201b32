/** What the characterizer says of a lesion: its first label, and the rest where one looks for it. */

import type { Characterization } from "../api/types";
import { percent } from "../app/format";
import { words } from "../app/words";
import { t } from "../i18n/t";

/** Labels with their values, highest first. */
export function ranked(values: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(values).sort((a, b) => b[1] - a[1]);
}

/** "HCC 71 %, ICC 14 %, ...": all of an output. */
export function allOf(values: Readonly<Record<string, number>>): string {
  return ranked(values)
    .map(([label, value]) => `${words(label)} ${percent(value, 0)}`)
    .join(", ");
}

export function Characterized({ said }: { said: Characterization }) {
  if (said.error) {
    return (
      <span class="lesions__said muted" data-testid="characterization">
        {t("not characterized: {why}", { why: said.error.message })}
      </span>
    );
  }
  const meaning = said.calibrated ? t("probabilities") : t("scores, not probabilities");
  return (
    <>
      {Object.entries(said.outputs).map(([output, values]) => {
        const [first] = ranked(values);
        return first ? (
          <span
            key={output}
            class="lesions__said"
            data-testid="characterization"
            title={`${words(output)}: ${allOf(values)} (${meaning})`}
          >
            <span class="muted">{said.model_version}:</span> {words(first[0])}{" "}
            <span class="num">{percent(first[1], 0)}</span>
          </span>
        ) : null;
      })}
    </>
  );
}
