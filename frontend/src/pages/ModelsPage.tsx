import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Measured, ModelKind, ModelVersion, WayBack } from "../api/types";
import { when } from "../app/format";
import { useLoad } from "../app/load";
import { Link, navigate } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty } from "../app/ui";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { KINDS } from "./choices";
import { Exchange } from "./Exchange";
import { Promotions, RollBack } from "./InUse";
import { estimates, figure } from "./metrics";
import { Promote } from "./Promote";

const HEADLINES: Record<ModelKind, string[]> = {
  detector: ["p1td_1", "p1td_10"],
  key_slice_filter: ["accuracy"],
  characterizer: ["accuracy", "mean_f1"],
  liver_segmenter: ["dice", "hd95_mm"],
};
const TITLES: Record<string, string> = {
  p1td_1: "P1TD-1",
  p1td_10: "P1TD-10",
  accuracy: t("Accuracy"),
  mean_f1: t("Mean F1"),
  dice: "Dice",
  hd95_mm: "HD95",
};

export function ModelsPage() {
  const { user } = useSession();
  const models = useLoad(() => all<ModelVersion>("/models"), []);
  const ways = useLoad(() => api.get<WayBack[]>("/models/roll-back"), []);
  const [turn, setTurn] = useState(0);
  const changed = () => {
    models.reload();
    ways.reload();
    setTurn((before) => before + 1);
  };
  return (
    <div class="page">
      <h1>{t("Models")}</h1>
      <Await of={models} what={t("the models")}>
        {(list) =>
          list.length ? (
            KINDS.map((kind) => (
              <Kind
                key={kind}
                kind={kind}
                versions={list.filter((one) => one.kind === kind)}
                way={ways.data?.find((one) => one.kind === kind)}
                onChanged={changed}
              />
            ))
          ) : (
            <Empty>
              <p>{t("No model versions yet. A finished training makes one.")}</p>
            </Empty>
          )
        }
      </Await>
      <Promotions turn={turn} />
      {may(user, "ml_engineer") && <Exchange onImported={changed} />}
    </div>
  );
}

interface KindProps {
  kind: ModelKind;
  versions: ModelVersion[];
  way?: WayBack;
  onChanged: () => void;
}

function Kind({ kind, versions, way, onChanged }: KindProps) {
  const [picked, setPicked] = useState<string[]>([]);
  if (!versions.length) return null;
  const names = new Map(versions.map((one) => [one.id, one.name]));
  const pick = (id: string) =>
    setPicked((before) =>
      before.includes(id) ? before.filter((one) => one !== id) : [...before, id].slice(-2),
    );
  return (
    <section>
      <h2>{words(kind)}</h2>
      <table data-testid={`models-${kind}`}>
        <thead>
          <tr>
            <th>{t("Compare")}</th>
            <th>{t("Version")}</th>
            <th>{t("From")}</th>
            {HEADLINES[kind].map((metric) => (
              <th key={metric}>{TITLES[metric]}</th>
            ))}
            <th>{t("Made")}</th>
            <th>{t("Use")}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={version.id} data-testid="model-row" data-name={version.name}>
              <td>
                <input
                  type="checkbox"
                  aria-label={t("Compare {name}", { name: version.name })}
                  checked={picked.includes(version.id)}
                  onChange={() => pick(version.id)}
                />
              </td>
              <td>
                <Link href={`/models/${version.id}`}>{version.name}</Link>
              </td>
              <td>{version.parent ? (names.get(version.parent) ?? t("an earlier one")) : "–"}</td>
              {HEADLINES[kind].map((metric) => (
                <td key={metric} class="num">
                  {figure(metric, headline(version, metric))}
                </td>
              ))}
              <td class="num">{when(version.created_at)}</td>
              <td>
                <Promote version={version} onChanged={onChanged} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {versions.length > 1 && (
        <button
          type="button"
          disabled={picked.length !== 2}
          onClick={() => navigate(`/models/compare?a=${picked[0]}&b=${picked[1]}`)}
          data-testid={`compare-${kind}`}
        >
          {picked.length === 2
            ? t("Compare {a} with {b}", { a: names.get(picked[0]!) ?? "", b: names.get(picked[1]!) ?? "" })
            : t("Choose two to compare")}
        </button>
      )}{" "}
      <RollBack kind={kind} way={way} onChanged={onChanged} />
    </section>
  );
}

function headline(version: ModelVersion, metric: string): Measured | null {
  const all_ = estimates(version.metrics);
  return all_.find(([path]) => path === metric || path.endsWith(`.${metric}`))?.[1] ?? null;
}
