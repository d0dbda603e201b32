/** How to draw, and back and forth in what was drawn. */

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
        Extreme points <kbd>E</kbd>
      </button>
      <button
        type="button"
        class={nudging ? "small on" : "small"}
        aria-pressed={nudging}
        data-testid="nudge"
        title="Move the phase that is shown onto the reference"
        onClick={() => onAction("nudge")}
      >
        Move phase <kbd>V</kbd>
      </button>
      <button
        type="button"
        class="small"
        disabled={!canUndo}
        data-testid="undo"
        title="Undo (Ctrl+Z)"
        onClick={() => onAction("undo")}
      >
        Undo
      </button>
      <button
        type="button"
        class="small"
        disabled={!canRedo}
        data-testid="redo"
        title="Redo (Ctrl+Shift+Z)"
        onClick={() => onAction("redo")}
      >
        Redo
      </button>
    </div>
  );
}
