/** The side of the editor: what is drawn, what the study has already, and the candidates. */

import type { ComponentChildren } from "preact";
import type { Candidate, Lesion } from "../api/types";
import { words } from "../app/words";
import { type Box, boxSize } from "../geometry/box";
import { rich } from "../i18n/rich";
import { number, t } from "../i18n/t";
import { Characterized } from "./Characterized";
import { EvidencePanel } from "./EvidencePanel";
import type { Receipts } from "./saver";
import { NO_RECEIPT, type Status, statusOf } from "./saving";
import type { DrawnLesion, LesionChange } from "./state";

const CLASSES = ["hcc", "icc", "metastasis", "haemangioma", "fnh", "adenoma", "cyst"] as const;

const STATUS: Readonly<Record<Status, readonly [string, string]>> = {
  unsaved: ["○", t("not saved")],
  changed: ["◐", t("changed since saved")],
  queued: ["…", t("waiting for the server")],
  stored: ["●", t("stored")],
  refused: ["✕", t("refused")],
};

/** "12.3 × 8.0 × 15.0 mm", x by y by z. */
export function sizeText(box: Box): string {
  return `${boxSize(box)
    .map((side) => number(side, 1))
    .join(" × ")} mm`;
}

interface Props {
  readonly lesions: readonly DrawnLesion[];
  readonly selected: string | null;
  /** Whether a drag draws. */
  readonly drawing: boolean;
  readonly receipts: Receipts;
  readonly phases: readonly string[];
  readonly studyClass: string;
  readonly existing: readonly Lesion[];
  readonly candidates: readonly Candidate[];
  readonly tools: ComponentChildren;
  readonly onSelect: (key: string) => void;
  readonly onChange: (key: string, change: LesionChange) => void;
  readonly onRemove: (key: string) => void;
  readonly onShow: (box: Box) => void;
  /** The lesion whose evidence is open, by its id. */
  readonly explained: string | null;
  readonly onExplain: (id: string | null) => void;
  readonly onSlice: (slice: number) => void;
  /** Draws a copy; `replaces` names the lesion that it corrects. */
  readonly onCopy: (box: Box, from: Partial<DrawnLesion>) => void;
}

export function LesionList(props: Props) {
  const { lesions, existing, candidates } = props;
  return (
    <aside class="lesions" aria-label={t("Lesions")}>
      {props.tools}
      <h2>{t("Drawn here")}</h2>
      {lesions.length === 0 && (
        <p class="muted">
          {props.drawing
            ? rich(
                t("Drag a box around the lesion in any view, or press {key} and click its extreme points."),
                {
                  key: <kbd>E</kbd>,
                },
              )
            : rich(t("A drag in any view moves the phase now, and boxes stay. {key} goes back to drawing."), {
                key: <kbd>Esc</kbd>,
              })}
        </p>
      )}
      <ol>
        {lesions.map((lesion, index) => (
          <Drawn key={lesion.key} {...props} lesion={lesion} index={index} />
        ))}
      </ol>
      {existing.length > 0 && <h2>{t("Lesions of the study")}</h2>}
      <ul>
        {existing.map((lesion) => (
          <li key={lesion.id} class="lesions__given" data-testid="existing-lesion">
            <button type="button" class="plain" onClick={() => props.onShow(lesion)}>
              <span class="lesions__swatch lesions__swatch--lesion" aria-hidden="true" />
              <span class="num">{sizeText(lesion)}</span>
              <span class="muted">
                {[lesion.primary && t("primary"), words(lesion.source)].filter(Boolean).join(", ")}
              </span>
              {lesion.characterization && <Characterized said={lesion.characterization} />}
            </button>
            <span class="lesions__acts">
              {lesion.characterization && !lesion.characterization.error && (
                <button
                  type="button"
                  class="small"
                  data-testid="explain-lesion"
                  aria-expanded={props.explained === lesion.id}
                  onClick={() => props.onExplain(props.explained === lesion.id ? null : lesion.id)}
                >
                  {t("Why")}
                </button>
              )}
              <button
                type="button"
                class="small"
                data-testid="adjust-lesion"
                onClick={() => {
                  const { primary, lesion_class, absent_phases, id } = lesion;
                  props.onCopy(lesion, { primary, lesion_class, absent_phases, replaces: id });
                }}
              >
                {t("Adjust")}
              </button>
            </span>
            {props.explained === lesion.id && lesion.characterization && (
              <EvidencePanel
                said={lesion.characterization}
                onSlice={(slice) => {
                  props.onShow(lesion);
                  props.onSlice(slice);
                }}
              />
            )}
          </li>
        ))}
      </ul>
      {candidates.length > 0 && <h2>{t("Candidates")}</h2>}
      <ul>
        {candidates.map((candidate) => (
          <li key={candidate.id} class="lesions__given" data-testid="candidate">
            <button type="button" class="plain" onClick={() => props.onShow(candidate)}>
              <span class="lesions__swatch lesions__swatch--candidate" aria-hidden="true" />
              <span class="num">
                {candidate.rank}. {sizeText(candidate)}
              </span>
              <span class="muted num">
                {number(candidate.score, 2)}
                {candidate.verdict ? `, ${words(candidate.verdict)}` : ""}
              </span>
            </button>
            <button
              type="button"
              class="small"
              data-testid="copy-candidate"
              onClick={() => props.onCopy(candidate, {})}
            >
              {t("Copy")}
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}

function Drawn(props: Props & { lesion: DrawnLesion; index: number }) {
  const { lesion, index, receipts, phases, studyClass, onChange, onSelect, onRemove } = props;
  const receipt = receipts[lesion.key] ?? NO_RECEIPT;
  const status = statusOf(receipt, lesion);
  const [mark, text] = STATUS[status];
  const chosen = lesion.key === props.selected;
  const toggle = (phase: string) => {
    const absent = lesion.absent_phases;
    const next = absent.includes(phase) ? absent.filter((one) => one !== phase) : [...absent, phase];
    onChange(lesion.key, { absent_phases: next });
  };
  return (
    <li class={`lesions__drawn${chosen ? " lesions__drawn--selected" : ""}`} data-testid="drawn-lesion">
      <div class="lesions__row">
        <button type="button" class="plain" aria-pressed={chosen} onClick={() => onSelect(lesion.key)}>
          <strong class="num">{index + 1}</strong>
          <span class="num">{sizeText(lesion.box)}</span>
        </button>
      </div>
      <div class="lesions__row">
        <span class={`lesions__status lesions__status--${status}`} data-testid="receipt" data-status={status}>
          <span aria-hidden="true">{mark}</span> {text}
        </span>
        <button
          type="button"
          class="small"
          aria-label={t("Remove lesion {n}", { n: index + 1 })}
          onClick={() => onRemove(lesion.key)}
        >
          {t("Remove")}
        </button>
      </div>
      <div class="lesions__row">
        <select
          aria-label={t("Class")}
          data-testid="lesion-class"
          value={lesion.lesion_class}
          onChange={(event) => onChange(lesion.key, { lesion_class: event.currentTarget.value })}
        >
          <option value="">
            {studyClass ? t("the study's: {class}", { class: words(studyClass) }) : t("the study's class")}
          </option>
          {CLASSES.map((name) => (
            <option key={name} value={name}>
              {words(name)}
            </option>
          ))}
        </select>
        <label>
          <input
            type="checkbox"
            data-testid="primary"
            checked={lesion.primary}
            onChange={() => onChange(lesion.key, { primary: !lesion.primary })}
          />
          {t("primary")}
        </label>
      </div>
      <fieldset class="lesions__absent">
        <legend>{t("Not visible in")}</legend>
        {phases.map((phase) => (
          <label key={phase}>
            <input
              type="checkbox"
              data-testid={`absent-${phase}`}
              checked={lesion.absent_phases.includes(phase)}
              onChange={() => toggle(phase)}
            />
            {words(phase)}
          </label>
        ))}
      </fieldset>
      {receipt.error && (
        <p class="error" role="alert">
          {receipt.error}
        </p>
      )}
    </li>
  );
}
