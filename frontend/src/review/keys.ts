/** The keys of the review, in one table; a reader may bind others (bindings.ts). */

import type { CandidateVerdict, StudyVerdict, WindowName } from "../api/types";
import { t } from "../i18n/t";

export type Action =
  | CandidateVerdict
  | StudyVerdict
  | `window:${WindowName}`
  | "next_candidate"
  | "previous_candidate"
  | "reject_rest"
  | "rest_and_next"
  | "not_visible"
  | "next_phase"
  | "previous_phase"
  | "whole_slice"
  | "keep_stored"
  | "keep_mine"
  | "draw"
  | "undo"
  | "next_study"
  | "slice_up"
  | "slice_down"
  | "hide_overlay"
  | "help";

export interface Binding {
  action: Action;
  keys: string[];
  text: string;
}

export const BINDINGS: readonly Binding[] = [
  { action: "primary_lesion", keys: ["a", "Enter"], text: t("accept as a primary lesion") },
  { action: "other_lesion", keys: ["o"], text: t("accept as another lesion (a cyst, say)") },
  { action: "not_a_lesion", keys: ["r", "x"], text: t("reject: not a lesion") },
  { action: "unsure", keys: ["u"], text: t("unsure") },
  { action: "next_candidate", keys: ["j"], text: t("next candidate") },
  { action: "previous_candidate", keys: ["k"], text: t("previous candidate") },
  { action: "reject_rest", keys: ["Shift+R"], text: t("reject all that are not judged yet") },
  { action: "rest_and_next", keys: ["d"], text: t("the rest are not lesions, next study") },
  { action: "missed", keys: ["m"], text: t("the study has a lesion that no candidate hits") },
  { action: "no_lesion", keys: ["l"], text: t("the study has no lesion") },
  { action: "previous_phase", keys: ["ArrowLeft"], text: t("phase to the left (or point at it)") },
  { action: "next_phase", keys: ["ArrowRight"], text: t("phase to the right (or point at it)") },
  { action: "not_visible", keys: ["v"], text: t("not visible in this phase, or visible after all") },
  { action: "draw", keys: ["n"], text: t("draw a lesion") },
  { action: "undo", keys: ["z", "Ctrl+z", "Meta+z"], text: t("undo, into the study before if need be") },
  { action: "next_study", keys: [" "], text: t("done, next study") },
  { action: "slice_up", keys: ["ArrowUp"], text: t("one slice towards the head (or the wheel)") },
  { action: "slice_down", keys: ["ArrowDown"], text: t("one slice towards the feet (or the wheel)") },
  { action: "whole_slice", keys: ["f"], text: t("the whole slice in all phases, and back") },
  { action: "window:soft_tissue", keys: ["1"], text: t("soft tissue window, 400/40 HU") },
  { action: "window:liver", keys: ["2"], text: t("liver window, 150/90 HU") },
  { action: "window:lung", keys: ["3"], text: t("lung window, 1500/-600 HU") },
  { action: "window:bone", keys: ["4"], text: t("bone window, 2500/480 HU") },
  { action: "window:own", keys: ["5"], text: t("the image's own window") },
  { action: "hide_overlay", keys: ["h"], text: t("hide the boxes while held") },
  { action: "keep_stored", keys: ["s"], text: t("of two versions keep the one that is stored") },
  { action: "keep_mine", keys: ["y"], text: t("of two versions keep yours") },
  { action: "help", keys: ["?"], text: t("these keys") },
];

export type KeyEvent = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** A key press by name: "a", "Shift+R", "Ctrl+z". Shift is named only with letters; "?" already tells. */
export function keyName(event: KeyEvent): string {
  const letter = /^[a-z]$/i.test(event.key);
  const base = letter ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
  const shift = event.shiftKey && (letter || event.key.length > 1) ? "Shift+" : "";
  return `${event.ctrlKey ? "Ctrl+" : ""}${event.metaKey ? "Meta+" : ""}${event.altKey ? "Alt+" : ""}${shift}${base}`;
}

export function actionOf(event: KeyEvent, bindings: readonly Binding[] = BINDINGS): Action | null {
  const name = keyName(event);
  return bindings.find((binding) => binding.keys.includes(name))?.action ?? null;
}

/** Whether a key press belongs to what has the focus: text and choices take all keys, buttons two. */
export function belongsToTarget(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  return (key === "Enter" || key === " ") && target.closest("button, a[href], summary") !== null;
}

const SYMBOLS: Record<string, string> = {
  " ": "Space",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};

/** A key as it is shown: "Space", "A", "Ctrl+Z". */
export function keyLabel(key: string): string {
  return SYMBOLS[key] ?? key.replace(/(^|\+)([a-z])$/, (_, before, letter) => before + letter.toUpperCase());
}

/** The key that a button or the footer shows for an action. */
export function keyFor(action: Action, bindings: readonly Binding[] = BINDINGS): string {
  return keyLabel(bindings.find((binding) => binding.action === action)?.keys[0] ?? "");
}
