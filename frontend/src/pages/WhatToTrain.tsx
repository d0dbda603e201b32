/** The fields that a training and a schedule share: kinds, size, overrides of the plan. */
import type { ModelKind } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { KINDS, LESION_KINDS, sizesFor } from "./choices";

export interface What {
  kinds: ModelKind[];
  size: string;
  overrides: string;
}

export const USUAL: What = { kinds: [...LESION_KINDS], size: "small", overrides: "" };

/** Those that learn from lesions follow each other; livers come with their studies. */
export const mayBeChained = (kinds: ModelKind[]) =>
  kinds.length > 0 && kinds.every((kind) => (LESION_KINDS as readonly ModelKind[]).includes(kind));

interface GateProps {
  kinds: ModelKind[];
  chained: boolean;
  onChange: (chained: boolean) => void;
}

/** Whether each training waits for the gate's word on the one before. */
export function ThroughTheGate({ kinds, chained, onChange }: GateProps) {
  return (
    <label
      class="inline"
      title={t(
        "Each is judged beside the version in use; what passes comes into use in your name, and the next one follows.",
      )}
    >
      <input
        type="checkbox"
        checked={chained}
        disabled={!mayBeChained(kinds)}
        onChange={() => onChange(!chained)}
        data-testid="chained"
      />{" "}
      {t("One after the other, through the gate")}
    </label>
  );
}

export function WhatToTrain({ what, onChange }: { what: What; onChange: (what: What) => void }) {
  const sizes = sizesFor(what.kinds);
  const toggle = (kind: ModelKind) => {
    const kinds = KINDS.filter((one) => (one === kind) !== what.kinds.includes(one));
    const size = sizesFor(kinds).includes(what.size) ? what.size : "small";
    onChange({ ...what, kinds, size });
  };
  return (
    <>
      <fieldset class="choice">
        <legend>{t("Models")}</legend>
        {KINDS.map((kind) => (
          <label key={kind}>
            <input
              type="checkbox"
              checked={what.kinds.includes(kind)}
              onChange={() => toggle(kind)}
              data-testid={`kind-${kind}`}
            />{" "}
            {words(kind)}
          </label>
        ))}
      </fieldset>
      <label>
        {t("Size")}
        <select
          value={what.size}
          onChange={(e) => onChange({ ...what, size: e.currentTarget.value })}
          data-testid="train-size"
        >
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
      <label class="grow">
        {t("Overrides of the plan")}
        <input
          placeholder={t("none; for example steps=500")}
          value={what.overrides}
          onInput={(e) => onChange({ ...what, overrides: e.currentTarget.value })}
          data-testid="train-overrides"
        />
      </label>
    </>
  );
}
