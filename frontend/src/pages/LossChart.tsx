import { number, t } from "../i18n/t";
import { curve, lossNames, type Point } from "./curve";

const W = 720;
const H = 220;
const FRAME = { left: 52, top: 8, width: W - 60, height: H - 34 };

/** The losses of a training over its steps; lines differ in their dashes, their names stand beside. */
export function LossChart({ points }: { points: Point[] }) {
  const drawn = curve(points, lossNames(points), FRAME);
  if (!drawn) return <p class="muted">{t("The curve starts with the first steps.")}</p>;
  const bottom = FRAME.top + FRAME.height;
  const ticks = [0, 0.5, 1].map((part) => ({
    value: drawn.low + part * (drawn.high - drawn.low),
    y: bottom - part * FRAME.height,
  }));
  return (
    <figure class="loss" data-testid="loss-curve">
      <svg class="chart" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={t("Loss by step")}>
        {ticks.map(({ value, y }) => (
          <g key={y}>
            <line class="rule" x1={FRAME.left} x2={W - 8} y1={y} y2={y} />
            <text x={FRAME.left - 6} y={y + 4} text-anchor="end">
              {value.toPrecision(3)}
            </text>
          </g>
        ))}
        <text x={FRAME.left} y={H - 6}>
          {t("step {n}", { n: drawn.first })}
        </text>
        <text x={W - 8} y={H - 6} text-anchor="end">
          {number(drawn.last)}
        </text>
        {drawn.lines.map((line, i) => (
          <polyline
            key={line.name}
            class={`line line-${i % 4}`}
            points={line.points.map((point) => point.join(",")).join(" ")}
          />
        ))}
      </svg>
      <figcaption class="num">
        {drawn.lines.map((line, i) => (
          <span key={line.name}>
            <svg class="key" viewBox="0 0 24 6" aria-hidden="true">
              <polyline class={`line line-${i % 4}`} points="0,3 24,3" />
            </svg>
            {line.name} {line.last.toPrecision(4)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
