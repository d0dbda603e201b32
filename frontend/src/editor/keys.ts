/** The keys of the editor, in one table. */

import { t } from "../i18n/t";
import { type KeyEvent, keyName } from "../review/keys";
import type { PresetName } from "../viewer/windows";

export type EditorAction =
  | `window:${PresetName}`
  | "extremes"
  | "finish"
  | "cancel"
  | "back"
  | "delete"
  | "undo"
  | "redo"
  | "save"
  | "next_phase"
  | "previous_phase"
  | "layout"
  | "slice_up"
  | "slice_down"
  | "end_head"
  | "end_feet"
  | "next_lesion"
  | "zoom_in"
  | "zoom_out"
  | "fit"
  | "smooth"
  | "hide"
  | "nudge"
  | "compare"
  | "help";

interface Binding {
  readonly action: EditorAction;
  readonly keys: readonly string[];
  readonly text: string;
}

/** Those shown in the footer come first; the arrows, which depend on the selection, are in arrowOf. */
export const EDITOR_KEYS: readonly Binding[] = [
  { action: "extremes", keys: ["e"], text: t("box by extreme points") },
  { action: "end_head", keys: ["t"], text: t("box ends (top) on this slice") },
  { action: "end_feet", keys: ["b"], text: t("box begins (bottom) on this slice") },
  { action: "delete", keys: ["Delete"], text: t("remove the selected box") },
  { action: "undo", keys: ["Ctrl+z", "Meta+z", "z"], text: t("undo") },
  { action: "redo", keys: ["Ctrl+Shift+Z", "Meta+Shift+Z", "Ctrl+y"], text: t("redo") },
  { action: "save", keys: ["s", "Ctrl+s", "Meta+s"], text: t("save") },
  { action: "next_phase", keys: ["p", "]"], text: t("next phase") },
  { action: "previous_phase", keys: ["Shift+P", "["], text: t("previous phase") },
  { action: "layout", keys: ["g"], text: t("three planes or all phases") },
  { action: "slice_up", keys: ["PageUp"], text: t("previous slice") },
  { action: "slice_down", keys: ["PageDown"], text: t("next slice") },
  { action: "next_lesion", keys: ["j"], text: t("select the next box") },
  { action: "zoom_in", keys: ["+", "="], text: t("magnify") },
  { action: "zoom_out", keys: ["-"], text: t("reduce") },
  { action: "fit", keys: ["0"], text: t("whole slice") },
  { action: "smooth", keys: ["i"], text: t("interpolated or plain voxels") },
  { action: "window:soft_tissue", keys: ["1"], text: t("soft tissue window, 400/40 HU") },
  { action: "window:liver", keys: ["2"], text: t("liver window, 150/90 HU") },
  { action: "window:lung", keys: ["3"], text: t("lung window, 1500/-600 HU") },
  { action: "window:bone", keys: ["4"], text: t("bone window, 2500/480 HU") },
  { action: "window:own", keys: ["5"], text: t("the image's own window") },
  { action: "hide", keys: ["h"], text: t("hide boxes and crosshair while held") },
  { action: "nudge", keys: ["v"], text: t("move this phase onto the reference, or stop that") },
  { action: "compare", keys: ["f"], text: t("show the reference phase while held (flip)") },
  { action: "finish", keys: ["Enter"], text: t("finish the extreme points") },
  { action: "back", keys: ["Backspace"], text: t("take the last extreme point back, or remove the box") },
  { action: "cancel", keys: ["Escape"], text: t("stop drawing, or select nothing") },
  { action: "help", keys: ["?", "Shift+?"], text: t("these keys") },
];

/** Mouse and arrows, for the help. */
export const EDITOR_GESTURES: readonly (readonly [string, string])[] = [
  [t("Drag"), t("draw a box; inside the selected one: move it; a handle: move that face")],
  [t("Click"), t("put the crosshair there, select the box")],
  [t("Wheel"), t("slices; with Ctrl: magnify")],
  [t("Shift+drag"), t("pan (or the middle button)")],
  [t("Arrows"), t("move the selected box by a voxel; nothing selected: slices")],
  [t("Shift+arrows"), t("resize the selected box by a voxel")],
  [t("V, then arrows"), t("move the phase by a voxel, Page ↑ and Page ↓ by a slice; with Shift by 0.5 mm")],
];

export function editorAction(event: KeyEvent): EditorAction | null {
  const name = keyName(event);
  return EDITOR_KEYS.find((binding) => binding.keys.includes(name))?.action ?? null;
}

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** The arrow pressed, with or without Shift and with nothing else. */
export function arrowOf(event: KeyEvent): { arrow: Arrow; shift: boolean } | null {
  const arrows: readonly string[] = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  if (!arrows.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) {
    return null;
  }
  return { arrow: event.key as Arrow, shift: event.shiftKey };
}

export type NudgeKey = Arrow | "PageUp" | "PageDown";

/** The key that moves a phase while one is moved, and whether by a fine step. */
export function nudgeKeyOf(event: KeyEvent): { key: NudgeKey; fine: boolean } | null {
  if ((event.key === "PageUp" || event.key === "PageDown") && !event.ctrlKey && !event.metaKey) {
    return { key: event.key, fine: event.shiftKey };
  }
  const pressed = arrowOf(event);
  return pressed && { key: pressed.arrow, fine: pressed.shift };
}
