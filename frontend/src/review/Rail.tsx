/** What is known of the study beside its candidates: where it stands, what it is, why it is here. */
import { useEffect, useState } from "preact/hooks";
import type { Geometry, HarvestRound } from "../api/types";
import { seconds } from "../app/format";
import { Link } from "../app/router";
import { words } from "../app/words";
import { t, tn } from "../i18n/t";
import type { ActiveClock } from "./clock";
import { sizeMm } from "./crop";
import { Mark } from "./marks";
import { type ReviewState, unjudged, verdictOn } from "./state";
import { reason } from "./why";

interface Props {
  state: ReviewState;
  reviewed: number;
  remaining: number;
  clock: ActiveClock;
  round: HarvestRound | null;
}

export function Rail({ state, reviewed, remaining, clock, round }: Props) {
  const { study, lesions, candidates } = state.study;
  const drawn = lesions.filter((lesion) => !lesion.retired_at && lesion.source === "drawn");
  return (
    <aside class="rail" aria-label={t("Study")}>
      {round && (
        <Link class="back num" href={`/cohorts/${round.cohort}/rounds`}>
          {t("Round {number}", { number: round.number })}
        </Link>
      )}
      <h2 class="num">{t("Study of {subject}", { subject: study.subject.slice(0, 10) })}</h2>
      <dl>
        <dt>{t("Pathology")}</dt>
        <dd data-testid="lesion-class">{study.lesion_class ? words(study.lesion_class) : t("not known")}</dd>
        <dt>{t("Reviewed")}</dt>
        <dd class="num" data-testid="reviewed-count" data-reviewed={reviewed} data-remaining={remaining}>
          {t("{n} of {total}", { n: reviewed, total: reviewed + remaining })}
        </dd>
        <dt>{t("Time on this study")}</dt>
        <dd class="num" data-testid="active-seconds">
          <Seconds clock={clock} />
        </dd>
      </dl>
      <h3>{t("Why am I seeing this?")}</h3>
      <p data-testid="why">{reason(state.study.why, candidates.length, state.study.from_scratch)}</p>
      {!study.has_liver && (
        <p class="muted">{t("No liver was found in this study: candidates may lie outside it.")}</p>
      )}
      <h3>{t("Where they lie")}</h3>
      <Where state={state} />
      <p class="muted" data-testid="unjudged-count">
        {tn(candidates.length, "{n} candidate, {left} to judge", "{n} candidates, {left} to judge", {
          left: unjudged(state).length,
        })}
      </p>
      {drawn.length > 0 && (
        <>
          <h3>{t("Drawn")}</h3>
          <ul class="plain">
            {drawn.map((lesion) => (
              <li key={lesion.id} class="num">
                <Mark verdict={lesion.primary ? "primary_lesion" : "other_lesion"} /> {sizeMm(lesion)} mm
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  );
}

function Seconds({ clock }: { clock: ActiveClock }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{seconds(clock.total)}</>;
}

function extent(geometry: Geometry, axis: 0 | 1 | 2): [number, number] {
  const spacing = geometry.spacing_xyz_mm[axis];
  const start = geometry.origin_xyz_mm[axis] - spacing / 2;
  return [start, start + spacing * geometry.shape_zyx[2 - axis]!];
}

/** The volume from the front, to scale, with the candidates' boxes in it. */
function Where({ state }: { state: ReviewState }) {
  const { geometry } = state.study.study;
  const [left, right] = extent(geometry, 0);
  const [bottom, top] = extent(geometry, 2);
  return (
    <svg
      class="where"
      viewBox={`0 0 ${right - left} ${top - bottom}`}
      role="img"
      aria-label={t("Seen from the front")}
    >
      <rect class="frame" width={right - left} height={top - bottom} />
      {state.study.candidates.map((candidate, index) => (
        <rect
          key={candidate.id}
          class={`${index === state.current ? "current" : ""} ${verdictOn(state, candidate.id)?.verdict ?? ""}`}
          x={candidate.lo[0] - left}
          y={top - candidate.hi[2]}
          width={candidate.hi[0] - candidate.lo[0]}
          height={candidate.hi[2] - candidate.lo[2]}
        />
      ))}
      <text x="8" y={(top - bottom) / 2}>
        R
      </text>
      <text x={right - left - 24} y={(top - bottom) / 2}>
        L
      </text>
    </svg>
  );
}
