/** The bar above the views: the study, phases, windows, layout, size and Save. */

import { type Placed, placeWords } from "../app/format";
import { words } from "../app/words";
import type { Box } from "../geometry/box";
import { t } from "../i18n/t";
import { type GreyWindow, PRESET_LABELS, PRESET_NAMES, PRESETS } from "../viewer/windows";
import type { EditorAction } from "./keys";
import { sizeText } from "./LesionList";
import type { Look } from "./look";

interface Props {
  readonly title: string;
  readonly subtitle: string;
  readonly look: Look;
  readonly phases: readonly string[];
  /** By phase how it is known: "by image, 92 %". */
  readonly told: Readonly<Record<string, string>>;
  /** What is to be known of where phases lie; the views say it, here is a mark. */
  readonly placed: Placed;
  readonly own: GreyWindow | null;
  /** The selected box, or the last drawn. */
  readonly box: Box | null;
  readonly saving: boolean;
  /** How many lesions and phases the server does not hold as they are shown. */
  readonly unsaved: number;
  readonly onPhase: (phase: string) => void;
  readonly onAction: (action: EditorAction) => void;
  readonly onBack: () => void;
}

export function EditorBar(props: Props) {
  const { look, phases, box, own, onAction } = props;
  return (
    <header class="editor-bar">
      <button type="button" data-testid="back" onClick={props.onBack}>
        {t("Back")}
      </button>
      <div class="editor-bar__study">
        <strong>{props.title}</strong>
        <span class="muted">{props.subtitle}</span>
      </div>
      <fieldset class="editor-bar__group" aria-label={t("Phase")}>
        {phases.map((phase) => (
          <button
            key={phase}
            type="button"
            class={phase === look.phase && look.layout === "planes" ? "on" : ""}
            aria-pressed={phase === look.phase}
            data-testid={`phase-${phase}`}
            title={[placeWords(phase, props.placed), props.told[phase]].filter(Boolean).join("; ")}
            onClick={() => props.onPhase(phase)}
          >
            {words(phase)}
            {placeWords(phase, props.placed) && (
              <span class="editor-bar__mark" aria-hidden="true">
                {props.placed.phase_flags[phase] ? "!" : "↔"}
              </span>
            )}
          </button>
        ))}
        <button
          type="button"
          class={look.layout === "phases" ? "on" : ""}
          aria-pressed={look.layout === "phases"}
          data-testid="layout"
          title={t("All phases side by side (G)")}
          onClick={() => onAction("layout")}
        >
          {t("side by side")}
        </button>
      </fieldset>
      <fieldset class="editor-bar__group" aria-label={t("Window")}>
        {PRESET_NAMES.map((name, index) => {
          const range = name === "own" ? own : PRESETS[name];
          return (
            <button
              key={name}
              type="button"
              class={name === look.preset ? "on" : ""}
              aria-pressed={name === look.preset}
              data-testid={`window-${name}`}
              title={
                range
                  ? t("width {width}, level {level} HU ({key})", {
                      width: range.width,
                      level: range.level,
                      key: String(index + 1),
                    })
                  : ""
              }
              onClick={() => onAction(`window:${name}`)}
            >
              {PRESET_LABELS[name]}
            </button>
          );
        })}
      </fieldset>
      <span class="grow" />
      <output
        class="editor-bar__size num"
        data-testid="sizes"
        data-lo={box ? JSON.stringify(box.lo) : undefined}
        data-hi={box ? JSON.stringify(box.hi) : undefined}
      >
        {box ? sizeText(box) : ""}
      </output>
      <button
        type="button"
        class="primary"
        data-testid="save"
        disabled={props.saving}
        onClick={() => onAction("save")}
      >
        {props.saving ? t("Saving …") : props.unsaved > 0 ? t("Save {n}", { n: props.unsaved }) : t("Save")}{" "}
        <kbd>S</kbd>
      </button>
    </header>
  );
}
