/** The line that says what the next key or click does; `?` opens the whole table. */

import { words } from "../app/words";
import { offsetText } from "../geometry/offset";
import type { Vec3 } from "../geometry/volume";
import { t } from "../i18n/t";
import { EDITOR_GESTURES, EDITOR_KEYS } from "./keys";

interface Props {
  readonly note: string;
  readonly noteIsError: boolean;
  /** Extreme points clicked; null while boxes are drawn by dragging. */
  readonly points: number | null;
  readonly selected: boolean;
  /** The phase that is moved and how far it is by now; null while none is. */
  readonly nudge: { readonly phase: string; readonly offset: Vec3 | null } | null;
  readonly help: boolean;
  readonly onHelp: () => void;
}

const EXTREMES = [
  t("Click the lesion's edge on the left"),
  t("Click its edge on the right"),
  t("Click its edge at the front"),
  t("Click its edge at the back"),
  t("Scroll to its first slice and click in it"),
  t("Scroll to its last slice and click in it"),
];

const KEY_NAMES: Readonly<Record<string, string>> = { "Shift+?": "?", PageUp: "Page ↑", PageDown: "Page ↓" };

const keyText = (key: string) => KEY_NAMES[key] ?? (/^[a-z]$/.test(key) ? key.toUpperCase() : key);

export function EditorFooter({ note, noteIsError, points, selected, nudge, help, onHelp }: Props) {
  return (
    <footer class="editor-footer">
      {help && <Keys />}
      <p class={noteIsError ? "error" : "note"} role={noteIsError ? "alert" : "status"} data-testid="note">
        {note}
      </p>
      <p class="editor-footer__keys" data-testid="hint">
        {nudge ? (
          <Moving {...nudge} />
        ) : points !== null ? (
          <>
            <strong class="num">{t("{n} of {total}", { n: Math.min(points + 1, 6), total: 6 })}</strong>{" "}
            {EXTREMES[points] ?? EXTREMES[5]}
            <Key keys="Backspace" text={t("takes the last back")} />
            <Key keys="Enter" text={t("finishes")} />
            <Key keys="Esc" text={t("stops")} />
          </>
        ) : selected ? (
          <>
            <Key keys={t("Arrows")} text={t("move")} />
            <Key keys={t("Shift+arrows")} text={t("resize")} />
            <Key keys="T" text={t("ends here (top)")} />
            <Key keys="B" text={t("ends here (bottom)")} />
            <Key keys="Delete" text={t("removes")} />
            <Key keys="Esc" text={t("deselects")} />
          </>
        ) : (
          <>
            <Key keys={t("Drag")} text={t("draws a box")} />
            <Key keys="E" text={t("extreme points")} />
            <Key keys={t("Wheel")} text={t("slices")} />
            <Key keys={t("Ctrl+wheel")} text={t("magnifies")} />
            <Key keys="P" text={t("next phase")} />
            <Key keys="H" text={t("held hides the boxes")} />
          </>
        )}
        <button type="button" class="small" aria-expanded={help} data-testid="help" onClick={onHelp}>
          {t("Keys")} <kbd>?</kbd>
        </button>
      </p>
    </footer>
  );
}

function Moving({ phase, offset }: { phase: string; offset: Vec3 | null }) {
  if (!offset)
    return (
      <>
        {t("{phase} is the reference and stays", { phase: words(phase) })}
        <Key keys="P" text={t("next phase")} />
        <Key keys="Esc" text={t("ends")} />
      </>
    );
  return (
    <>
      <output class="editor-footer__moved num" data-testid="nudge-offset">
        {words(phase)} <strong>{offsetText(offset)}</strong>
      </output>
      <Key keys={t("Arrows")} text={t("a voxel")} />
      <Key keys="Page ↑ ↓" text={t("a slice")} />
      <Key keys="Shift" text={t("0.5 mm")} />
      <Key keys="F" text={t("reference")} />
      <Key keys="Delete" text={t("zero")} />
      <Key keys="Esc" text={t("ends")} />
    </>
  );
}

function Key({ keys, text }: { keys: string; text: string }) {
  return (
    <span class="editor-footer__key">
      <kbd>{keys}</kbd> {text}
    </span>
  );
}

function Keys() {
  const rows = [
    ...EDITOR_GESTURES,
    ...EDITOR_KEYS.map(({ keys, text }) => {
      const shown = keys.filter((key) => !key.startsWith("Meta")).map(keyText);
      return [[...new Set(shown)].join(` ${t("or")} `), text] as const;
    }),
  ];
  return (
    <dl class="editor-footer__help" data-testid="help-table">
      {rows.map(([keys, text]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
