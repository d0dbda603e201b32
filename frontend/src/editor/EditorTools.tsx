/** How to draw, and back and forth in what was drawn. */

import { t } from "../i18n/t";
import type { EditorAction } from "./keys";

interface Props {
  readonly extremes: boolean;
  readonly nudging: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly onAction: (action: EditorAction) => void;
}

export function EditorTools({ extremes, nudging, canUndo, canRedo, onAction }: Props) {
  return (
    <div class="editor-tools">
      <button
        type="button"
        class={extremes ? "small on" : "small"}
        aria-pressed={extremes}
        data-testid="extremes"
        onClick={() => onAction("extremes")}
      >
        {t("Extreme points")} <kbd>E</kbd>
      </button>
      <button
        type="button"
        class={nudging ? "small on" : "small"}
        aria-pressed={nudging}
        data-testid="nudge"
        title={t("Move the phase that is shown onto the reference")}
        onClick={() => onAction("nudge")}
      >
        {t("Move phase")} <kbd>V</kbd>
      </button>
      <button
        type="button"
        class="small"
        disabled={!canUndo}
        data-testid="undo"
        title={t("Undo (Ctrl+Z)")}
        onClick={() => onAction("undo")}
      >
        {t("Undo")}
      </button>
      <button
        type="button"
        class="small"
        disabled={!canRedo}
        data-testid="redo"
        title={t("Redo (Ctrl+Shift+Z)")}
        onClick={() => onAction("redo")}
      >
        {t("Redo")}
      </button>
    </div>
  );
}
