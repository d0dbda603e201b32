/** P1TD-1 of the detector versions in the order they were made, each with its interval. */
import type { Dashboard } from "../api/types";
import { estimate, measured } from "../app/format";
import { t } from "../i18n/t";

const W = 520;
const H = 150;
const LEFT = 40;
const BOTTOM = 22;

export function Learning({ versions }: { versions: Dashboard["versions"] }) {
  const judged = versions
    .filter((version) => version.kind === "detector")
    .sort((a, b) => a.created_at.localeCompare(b.created_at))
    .flatMap((version) => {
      const figure = measured(version.p1td_1);
      return figure ? [{ version, figure }] : [];
    });
  if (judged.length < 2)
    return (
      <p class="muted">{t("A curve is drawn once two detector versions were judged on the gold set.")}</p>
    );
  const x = (i: number) => LEFT + ((i + 0.5) * (W - LEFT)) / judged.length;
  const y = (value: number) => 6 + (1 - value) * (H - BOTTOM - 6);
  return (
    <svg class="chart" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={t("P1TD-1 by detector version")}>
      {[0, 0.5, 1].map((value) => (
        <g key={value}>
          <line class="rule" x1={LEFT} x2={W} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">
            {100 * value} %
          </text>
        </g>
      ))}
      <polyline class="line" points={judged.map(({ figure }, i) => `${x(i)},${y(figure.value)}`).join(" ")} />
      {judged.map(({ version, figure }, i) => (
        <g key={version.id}>
          <title>{`${version.name}: ${estimate(figure)}`}</title>
          <line class="whisker" x1={x(i)} x2={x(i)} y1={y(figure.lo)} y2={y(figure.hi)} />
          <circle class="dot" cx={x(i)} cy={y(figure.value)} r="4" />
          <text x={x(i)} y={H - 6} text-anchor="middle">
            {version.name.replace("detector-", "")}
          </text>
        </g>
      ))}
    </svg>
  );
}
