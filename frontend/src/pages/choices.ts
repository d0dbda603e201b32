/** What can be chosen in forms, in the server's words. */
import type { ModelKind } from "../api/types";
import { t } from "../i18n/t";

export const LESION_CLASSES = [
  "hcc",
  "icc",
  "metastasis",
  "haemangioma",
  "fnh",
  "adenoma",
  "cyst",
  "malignant",
  "benign",
];

export const CT_PHASES = ["non_contrast", "arterial", "portal_venous", "delayed"];

export const KINDS: ModelKind[] = ["detector", "key_slice_filter", "characterizer", "liver_segmenter"];
/** What a training is of unless somebody chooses: those that learn from lesions. */
export const LESION_KINDS: ModelKind[] = KINDS.slice(0, 3);

const SIZES: Record<ModelKind, string[]> = {
  detector: ["tiny", "small", "slim32", "slim64", "hourglass104"],
  key_slice_filter: ["tiny", "small", "resnet18", "resnet50"],
  characterizer: ["tiny", "small", "resnet18", "resnet50"],
  liver_segmenter: ["tiny", "small", "base"],
};

/** Sizes that all of some kinds have. */
export function sizesFor(kinds: ModelKind[]): string[] {
  const [first, ...rest] = (kinds.length ? kinds : KINDS).map((kind) => SIZES[kind]);
  return first!.filter((size) => rest.every((sizes) => sizes.includes(size)));
}

/** "epochs=3 lr=0.001" as {epochs: 3, lr: 0.001}; values are JSON where they can be. Throws on other text. */
export function parseOverrides(text: string): Record<string, unknown> {
  const pairs = text.split(/[\s,]+/).filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(t("Write overrides as name=value; {text} is not.", { text: `"${pair}"` }));
      const value = pair.slice(at + 1);
      try {
        return [pair.slice(0, at), JSON.parse(value) as unknown];
      } catch {
        return [pair.slice(0, at), value];
      }
    }),
  );
}

export function showOverrides(overrides: Record<string, unknown>): string {
  return Object.entries(overrides)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
