/** What a reader's time goes into. */
import { t } from "../i18n/t";

export const MODES = ["click", "draw", "adjudicate"] as const;
export type Mode = (typeof MODES)[number];

export function modeName(mode: Mode): string {
  switch (mode) {
    case "click":
      return t("Clicking");
    case "draw":
      return t("Drawing");
    case "adjudicate":
      return t("Adjudication");
  }
}
