import { words } from "../app/words";
import { number, t } from "../i18n/t";
import { curve, type Point } from "./curve";

const W = 720;
const FRAME = { left: 52, top: 8, width: W - 60 };

interface Props {
  /** What is drawn, for who cannot see it. */
  label: string;
  points: Point[];
  names: string[];
  height?: number;
  testid?: string;
}

/** Words of a value, behind the word for another training where it is of one. */
function named(name: string): string {
  const at = name.lastIndexOf(" ");
  return name.slice(0, at + 1) + words(name.slice(at + 1));
}

/** Values of a training over its steps; lines differ in their dashes, their names stand beside. */
export function StepChart({ label, points, names, height = 220, testid }: Props) {
  const drawn = curve(points, names, { ...FRAME, height: height - 34 });
  if (!drawn) return null;
  const bottom = height - 26;
  const ticks = [0, 0.5, 1].map((part) => ({
    value: drawn.low + part * (drawn.high - drawn.low),
    y: bottom - part * (height - 34),
  }));
  return (
    <figure class="loss" data-testid={testid}>
      <svg class="chart" viewBox={`0 0 ${W} ${height}`} role="img" aria-label={label}>
        {ticks.map(({ value, y }) => (
          <g key={y}>
            <line class="rule" x1={FRAME.left} x2={W - 8} y1={y} y2={y} />
            <text x={FRAME.left - 6} y={y + 4} text-anchor="end">
              {value.toPrecision(3)}
            </text>
          </g>
        ))}
        <text x={FRAME.left} y={height - 6}>
          {t("step {n}", { n: drawn.first })}
        </text>
        <text x={W - 8} y={height - 6} text-anchor="end">
          {number(drawn.last)}
        </text>
        {drawn.lines.map((line, i) => (
          <polyline
            key={line.name}
            class={`line line-${i % 4}`}
            points={line.points.map((point) => point.join(",")).join(" ")}
          />
        ))}
        {drawn.lines.map((line) =>
          line.points.length === 1 ? (
            <circle key={line.name} class="dot" cx={line.points[0]![0]} cy={line.points[0]![1]} r="3" />
          ) : null,
        )}
      </svg>
      <figcaption class="num">
        {drawn.lines.map((line, i) => (
          <span key={line.name}>
            <svg class="key" viewBox="0 0 24 6" aria-hidden="true">
              <polyline class={`line line-${i % 4}`} points="0,3 24,3" />
            </svg>
            {named(line.name)} {line.last.toPrecision(4)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
