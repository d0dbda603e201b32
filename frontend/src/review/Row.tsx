/** One candidate: what is known of it, its verdict and its tiles, phases side by side. */
import { useEffect, useRef } from "preact/hooks";
import type { Candidate, CandidateVerdict, Id, ReviewStudy } from "../api/types";
import { words } from "../app/words";
import { number, t } from "../i18n/t";
import { sizeMm } from "./crop";
import { CANDIDATE_BUTTONS, Mark, ReceiptMark, VERDICT_WORDS } from "./marks";
import { memo } from "./memo";
import type { ReviewEvent } from "./state";
import { Tile } from "./Tile";
import { useKeys } from "./useKeys";

interface Props {
  candidate: Candidate;
  study: ReviewStudy["study"];
  columns: string[];
  window: string;
  offset: number;
  current: boolean;
  verdict: ReviewEvent | null;
  /** Phases in which it is said not to be visible, and the phase that was chosen. */
  absent: readonly string[];
  phase: string | null;
  deeds: Deeds;
}

/** What a reader does to a candidate, always the same functions, so that a row is drawn again only when what
 * it shows changes. */
export interface Deeds {
  select: (candidate: Id) => void;
  point: (phase: string) => void;
  notVisible: (candidate: Id, phase: string) => void;
  whole: (candidate: Id, shown: boolean) => void;
  scrub: (candidate: Id, by: number) => void;
  judge: (candidate: Id, verdict: CandidateVerdict) => void;
}

/** A mouse press keeps the focus where it is, so that Space stays the reader's key. */
const keepFocus = (event: MouseEvent) => event.preventDefault();

export const Row = memo(function Row(props: Props) {
  const { candidate, study, columns, window, offset, current, verdict, deeds } = props;
  const { keyFor } = useKeys();
  const row = useRef<HTMLElement>(null);

  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);

  useEffect(() => {
    const tiles = row.current?.querySelector(".tiles");
    let turned = 0;
    const onWheel = (event: Event) => {
      const { deltaY, deltaMode } = event as WheelEvent;
      event.preventDefault();
      // A wheel comes in notches of about 100 px, a touchpad in a stream of small ones.
      turned += deltaMode === 0 ? deltaY : deltaY * 40;
      const slices = Math.trunc(turned / 40);
      if (!slices) return;
      turned = 0;
      deeds.scrub(candidate.id, -Math.sign(slices));
    };
    tiles?.addEventListener("wheel", onWheel, { passive: false });
    return () => tiles?.removeEventListener("wheel", onWheel);
  }, [candidate.id, deeds]);

  const said = CANDIDATE_BUTTONS.find((button) => button.verdict === verdict?.verdict);
  return (
    <section
      ref={row}
      class={`candidate ${current ? "current" : ""}`}
      aria-label={t("Candidate {rank}", { rank: candidate.rank })}
      aria-current={current ? "true" : undefined}
      data-testid="candidate-row"
      data-rank={candidate.rank}
      data-verdict={verdict?.verdict ?? ""}
    >
      <div class="info">
        <button type="button" class="rank" onMouseDown={keepFocus} onClick={() => deeds.select(candidate.id)}>
          <span class="num">{candidate.rank}</span>
          <span class="num score" title={t("the model's score")}>
            {number(candidate.score, 2)}
          </span>
          {candidate.suggested_primary && <span class="hint">{t("suggested primary")}</span>}
        </button>
        <p class="num muted size">{sizeMm(candidate)} mm</p>
        <p class="said" data-testid="verdict">
          {said && verdict ? (
            <>
              <Mark verdict={said.verdict} /> {VERDICT_WORDS[said.verdict]}{" "}
              <ReceiptMark receipt={verdict.receipt} />
            </>
          ) : (
            <span class="muted">{t("not judged")}</span>
          )}
        </p>
        <div class="verdicts">
          {CANDIDATE_BUTTONS.map((button) => (
            <button
              key={button.verdict}
              type="button"
              class={`verdict ${verdict?.verdict === button.verdict ? "on" : ""}`}
              aria-pressed={verdict?.verdict === button.verdict}
              title={`${VERDICT_WORDS[button.verdict]} (${keyFor(button.verdict)})`}
              data-testid={`verdict-${button.verdict}`}
              onMouseDown={keepFocus}
              onClick={() => deeds.judge(candidate.id, button.verdict)}
            >
              <Mark verdict={button.verdict} />
              <span class="word">{button.word}</span>
              <kbd>{keyFor(button.verdict)}</kbd>
            </button>
          ))}
        </div>
        <p class="num muted offset">{sliceText(offset, study.geometry.spacing_xyz_mm[2])}</p>
        <p class="num muted support">{support(candidate, columns)}</p>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: J, K and the rank button choose a row without a mouse. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a click on the images is a shortcut only. */}
      <div class="tiles" onClick={() => deeds.select(candidate.id)}>
        {columns.map((phase) => (
          <Tile
            key={phase}
            candidate={candidate}
            geometry={study.geometry}
            phase={phase}
            present={study.phases.includes(phase)}
            revision={study.image_revisions[phase] ?? 0}
            window={window}
            offset={offset}
            current={current}
            chosen={props.phase === phase}
            notVisible={props.absent.includes(phase)}
            onPoint={() => deeds.point(phase)}
            onNotVisible={() => deeds.notVisible(candidate.id, phase)}
            onWhole={(shown) => deeds.whole(candidate.id, shown)}
          />
        ))}
      </div>
    </section>
  );
});

function sliceText(offset: number, spacing: number): string {
  if (!offset) return t("key slice");
  const side = offset > 0 ? "H" : "F";
  return t("{n} to {side}, {mm} mm", {
    n: Math.abs(offset),
    side,
    mm: number(Math.abs(offset) * spacing, 1),
  });
}

function support(candidate: Candidate, phases: string[]): string {
  const given = phases.filter((phase) => candidate.phase_scores[phase] !== undefined);
  return given.map((phase) => `${words(phase)} ${number(candidate.phase_scores[phase]!, 2)}`).join(", ");
}
