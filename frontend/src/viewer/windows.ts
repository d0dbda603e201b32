/** Grey-value windows of CT and the lookup tables that draw them. */

import { t } from "../i18n/t";
/** What is shown: `width` HU around `level`, black below, white above. */
export interface GreyWindow {
  readonly level: number;
  readonly width: number;
}

export type PresetName = "soft_tissue" | "liver" | "lung" | "bone" | "own";

/** In the order of the keys 1 to 4; 5 is the image's own. */
export const PRESETS: Readonly<Record<Exclude<PresetName, "own">, GreyWindow>> = {
  soft_tissue: { level: 40, width: 400 },
  liver: { level: 90, width: 150 },
  lung: { level: -600, width: 1500 },
  bone: { level: 480, width: 2500 },
};

export const PRESET_NAMES: readonly PresetName[] = ["soft_tissue", "liver", "lung", "bone", "own"];

export const PRESET_LABELS: Readonly<Record<PresetName, string>> = {
  soft_tissue: t("Soft tissue"),
  liver: t("Liver"),
  lung: t("Lung"),
  bone: t("Bone"),
  own: t("Own"),
};

/**
 * Opaque grey pixels (RGBA as one word) for every 16-bit value; entry v + 32768 belongs to the value v.
 * The linear function of DICOM PS3.3 C.11.2.1.2.1.
 */
export function lookupTable({ level, width }: GreyWindow): Uint32Array {
  const table = new Uint32Array(65536);
  for (let index = 0; index < table.length; index++) {
    const share = (index - 32768 - (level - 0.5)) / (width - 1) + 0.5;
    const grey = Math.round(Math.min(Math.max(share, 0), 1) * 255);
    table[index] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  return table;
}

/** Air and table are not part of the image's own window. */
const LOWEST_TISSUE = -200;

/** The window that spans the middle 98 % of the tissue in a slice's values (HU). */
export function ownWindow(values: Int16Array): GreyWindow {
  const counts = new Uint32Array(65536);
  let total = 0;
  for (const value of values) {
    if (value > LOWEST_TISSUE) {
      counts[value + 32768] = (counts[value + 32768] ?? 0) + 1;
      total += 1;
    }
  }
  if (total === 0) {
    return PRESETS.soft_tissue;
  }
  const quantile = (share: number) => {
    let seen = 0;
    for (let index = 0; index < counts.length; index++) {
      seen += counts[index] ?? 0;
      if (seen >= share * total) {
        return index - 32768;
      }
    }
    return 32767;
  };
  const [low, high] = [quantile(0.01), quantile(0.99)];
  return { level: Math.round((low + high) / 2), width: Math.max(high - low, 2) };
}
