/** The table of keys, and the place to bind others; Escape or ? closes it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";
import {
  bind,
  bound,
  holderOf,
  isModifier,
  isReserved,
  type Overrides,
  unbind,
  withoutKey,
} from "./bindings";
import { type Action, type Binding, keyLabel, keyName } from "./keys";

interface Props {
  own: Overrides;
  onSave: (own: Overrides) => Promise<void>;
  onClose: () => void;
}

export function KeysDialog({ own, onSave, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [draft, setDraft] = useState(own);
  const [asked, setAsked] = useState<Action | null>(null);
  const [taken, setTaken] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const saving = useAction();
  const bindings = bound(draft);
  const keyless = withoutKey(bindings);
  const changed = JSON.stringify(draft) !== JSON.stringify(own);

  useEffect(() => dialog.current?.showModal(), []);

  const ask = (action: Action | null, text = "") => {
    setAsked(action);
    setTaken(null);
    setNote(text);
  };

  const onKey = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (!asked) {
      if (event.key === "?") dialog.current?.close();
      return;
    }
    if (isModifier(event.key)) return;
    event.preventDefault();
    const key = keyName(event);
    if (key === "Escape") return ask(null);
    if (isReserved(key))
      return setNote(t("{key} belongs to the browser or the page. Take another.", { key: keyLabel(key) }));
    const holder = holderOf(key, asked, bindings);
    if (holder && taken !== key) {
      setTaken(key);
      return setNote(
        t('{key} is "{action}". Press it again to take it from there.', {
          key: keyLabel(key),
          action: holder.text,
        }),
      );
    }
    setDraft(bind(draft, asked, key));
    ask(null);
  };

  const save = () => saving.run(async () => onSave(draft)).then(() => dialog.current?.close());

  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label={t("Keys")}
      data-testid="keys-dialog"
      onClose={onClose}
      onKeyDown={onKey}
      onCancel={(event) => {
        // Escape gives up the question for a key before it closes the table.
        if (asked) event.preventDefault();
      }}
    >
      <h2>{t("Keys")}</h2>
      <ul class="keys">
        {bindings.map((binding) => (
          <Line
            key={binding.action}
            binding={binding}
            own={draft[binding.action] !== undefined}
            asked={asked === binding.action}
            onAsk={() =>
              ask(
                binding.action,
                t('Press the key for "{action}". Escape leaves it.', { action: binding.text }),
              )
            }
            onReset={() => setDraft(unbind(draft, binding.action))}
          />
        ))}
      </ul>
      <p class="keys-note" role="status" data-testid="keys-note">
        {note ||
          (keyless.length
            ? t("No key for: {actions}.", { actions: keyless.map((binding) => binding.text).join("; ") })
            : "")}
      </p>
      <ErrorLine error={saving.error} />
      <div class="controls">
        <button
          type="button"
          class="primary"
          disabled={!changed || keyless.length > 0 || saving.busy}
          data-testid="keys-save"
          onClick={save}
        >
          {t("Save")}
        </button>
        <button type="button" disabled={!Object.keys(draft).length} onClick={() => setDraft({})}>
          {t("All as they came")}
        </button>
        <span class="grow" />
        <button type="button" onClick={() => dialog.current?.close()}>
          {t("Close")}
        </button>
      </div>
    </dialog>
  );
}

interface LineProps {
  binding: Binding;
  own: boolean;
  asked: boolean;
  onAsk: () => void;
  onReset: () => void;
}

function Line({ binding, own, asked, onAsk, onReset }: LineProps) {
  return (
    <li class={asked ? "waits" : ""} data-action={binding.action}>
      <span class="names">
        {binding.keys.map((key) => (
          <kbd key={key}>{keyLabel(key)}</kbd>
        ))}
        {!binding.keys.length && <span class="error">{t("no key")}</span>}
      </span>
      <span>{binding.text}</span>
      {own && (
        <button
          type="button"
          class="small"
          aria-label={t("The key as it came: {action}", { action: binding.text })}
          onClick={onReset}
        >
          {t("reset")}
        </button>
      )}
      <button
        type="button"
        class="small"
        aria-label={t("Change the key: {action}", { action: binding.text })}
        onClick={onAsk}
      >
        {asked ? t("press …") : t("change")}
      </button>
    </li>
  );
}
