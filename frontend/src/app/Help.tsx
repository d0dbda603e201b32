/** The ? of every page: what it is for and which keys it has. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/t";
import { belongsToTarget } from "../review/keys";
import type { About } from "./help";

interface Props {
  about: About;
  /** The page shows its keys by ? itself. */
  ownKeys: boolean;
}

export function Help({ about, ownKeys }: Props) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "?" || ownKeys || belongsToTarget(event.target, event.key)) return;
      event.preventDefault();
      setOpen((was) => !was);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [ownKeys]);
  return (
    <>
      <button type="button" class="small" data-testid="page-help" onClick={() => setOpen(true)}>
        {t("Help")} {!ownKeys && <kbd>?</kbd>}
      </button>
      {open && <HelpDialog about={about} ownKeys={ownKeys} onClose={() => setOpen(false)} />}
    </>
  );
}

function HelpDialog({ about, ownKeys, onClose }: Props & { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const keys = [...(about.keys ?? []), ["?", ownKeys ? t("all keys of this page") : t("this help")] as const];
  return (
    <dialog
      ref={dialog}
      class="help about"
      aria-labelledby="help-title"
      data-testid="page-help-dialog"
      onClose={onClose}
      // Keys of the page below are not meant.
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 id="help-title">{about.name}</h2>
      {about.says.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <h3>{t("Keys")}</h3>
      <dl class="pairs">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Tab</kbd>
          </dt>
          <dd>{t("from one control to the next")}</dd>
        </div>
      </dl>
      <p>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t("Close")}
        </button>
      </p>
    </dialog>
  );
}
