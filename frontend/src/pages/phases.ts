/** The question for phases as data: what is asked of each study, what is proposed, what was chosen. */
import type { ImportItem } from "../api/types";
import { CT_PHASES } from "./choices";

export interface AskedSeries {
  key: string;
  slices: number | null;
  thicknessMm: number | null;
  /** The phase to begin with: what names and images propose, else the name's; "" leaves the series out. */
  proposed: string;
  /** How likely each phase is, where the images were looked at. */
  probabilities: Record<string, number>;
  /** Its picture; the server has none where the series could not be read. */
  picture: string;
}

/** Phase by item and series. */
export type Said = Record<string, Record<string, string>>;

export function seriesOf(item: ImportItem): AskedSeries[] {
  const { series } = item.details;
  if (!Array.isArray(series)) return [];
  return series.flatMap((row: unknown, number) => {
    if (typeof row !== "object" || row === null) return [];
    const given = row as Record<string, unknown>;
    if (typeof given.series !== "string") return [];
    const spacing = Array.isArray(given.spacing_xyz_mm) ? given.spacing_xyz_mm : [];
    return [
      {
        key: given.series,
        slices: typeof given.slices === "number" ? given.slices : null,
        thicknessMm: typeof spacing[2] === "number" ? spacing[2] : null,
        proposed: phase("proposed" in given ? given.proposed : given.hint),
        probabilities: numbers(given.probabilities),
        picture: `/api/v1/import-items/${item.id}/thumbnails/${number}.webp`,
      },
    ];
  });
}

function phase(value: unknown): string {
  return typeof value === "string" && CT_PHASES.includes(value) ? value : "";
}

function numbers(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/** What is proposed of every study. */
export function proposals(items: ImportItem[]): Said {
  return Object.fromEntries(
    items.map((item) => [
      item.id,
      Object.fromEntries(seriesOf(item).map((series) => [series.key, series.proposed])),
    ]),
  );
}

/** Phases that two series of one study claim. */
export function doubled(said: Said): string[] {
  const twice = new Set<string>();
  for (const study of Object.values(said)) {
    const given = Object.values(study).filter(Boolean);
    for (const one of given) if (given.indexOf(one) !== given.lastIndexOf(one)) twice.add(one);
  }
  return [...twice];
}

/** What is sent: the studies for which at least one phase is said. */
export function answers(said: Said): { item: string; phases: Record<string, string> }[] {
  return Object.entries(said)
    .map(([item, study]) => ({
      item,
      phases: Object.fromEntries(Object.entries(study).filter(([, one]) => one)),
    }))
    .filter((answer) => Object.keys(answer.phases).length > 0);
}
