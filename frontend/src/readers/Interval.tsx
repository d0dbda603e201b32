/** Estimates as a dot with a whisker, one a row, all on the scale of the table's head. */
import type { Estimate } from "../api/types";
import { place, type Scale } from "./scale";

const WIDTH = 220;
const PAD = 18;
const HEIGHT = 20;

/** One estimate, or two below each other; the second is drawn as a ring in grey. */
export function Interval({ of, beside, scale, text }: IntervalProps) {
  const height = beside ? HEIGHT * 1.5 : HEIGHT;
  return (
    <svg class="interval" width={WIDTH + 2 * PAD} height={height} role="img" aria-label={text}>
      {scale.ticks.map((tick) => (
        <line
          key={tick}
          class={tick === 0 ? "tick zero" : "tick"}
          x1={at(tick, scale)}
          x2={at(tick, scale)}
          y1={0}
          y2={height}
        />
      ))}
      {beside && <Whisker of={beside} scale={scale} y={height - 8} quiet />}
      <Whisker of={of} scale={scale} y={HEIGHT / 2} />
    </svg>
  );
}

interface IntervalProps {
  of: Estimate | null;
  beside?: Estimate | null;
  scale: Scale;
  text: string;
}

const at = (value: number, scale: Scale) => PAD + place(value, scale, WIDTH);

function Whisker({
  of,
  scale,
  y,
  quiet = false,
}: {
  of: Estimate | null;
  scale: Scale;
  y: number;
  quiet?: boolean;
}) {
  if (of === null || of.value === null) return null;
  const drawn = of.lo !== null && of.hi !== null;
  return (
    <g class={quiet ? "quiet" : ""}>
      {drawn && <line class="reach" x1={at(of.lo!, scale)} x2={at(of.hi!, scale)} y1={y} y2={y} />}
      {drawn &&
        [of.lo!, of.hi!].map((end) => (
          <line key={end} class="reach" x1={at(end, scale)} x2={at(end, scale)} y1={y - 4} y2={y + 4} />
        ))}
      <circle class="value" cx={at(of.value, scale)} cy={y} r={quiet ? 3.5 : 4.5} />
    </g>
  );
}

/** The scale's numbers, for the head of the column. */
export function Axis({ scale, show }: { scale: Scale; show: (tick: number) => string }) {
  return (
    <svg class="interval" width={WIDTH + 2 * PAD} height={16} aria-hidden="true">
      {scale.ticks.map((tick) => (
        <text key={tick} x={at(tick, scale)} y={12} text-anchor="middle">
          {show(tick)}
        </text>
      ))}
    </svg>
  );
}
