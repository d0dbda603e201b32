/** The few parts every page is made of. */
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/errors";
import type { JobState } from "../api/types";
import { number, t } from "../i18n/t";
import type { Loaded } from "./load";
import { words } from "./words";

export function ErrorLine({ error, retry }: { error: ApiError | null; retry?: () => void }) {
  if (!error) return null;
  return (
    <p class="error" role="alert" data-testid="error">
      {error.message}
      {retry && (
        <button type="button" class="small" onClick={retry}>
          {t("Try again")}
        </button>
      )}
    </p>
  );
}

/** A page's data: its error, a word where it is slow, and then what `children` makes of it. */
export function Await<T>({
  of,
  what,
  children,
}: {
  of: Loaded<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      <ErrorLine error={of.error} retry={of.reload} />
      {of.data === null && of.slow && !of.error && (
        <p class="muted" role="status">
          {t("Loading {what} …", { what })}
        </p>
      )}
      {of.data !== null && children(of.data)}
    </>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return (
    <div class="empty" data-testid="empty">
      {children}
    </div>
  );
}

const MARK: Record<JobState, string> = {
  queued: "○",
  running: "◐",
  succeeded: "●",
  failed: "✕",
  cancelled: "–",
};

export function State({ state }: { state: JobState }) {
  return (
    <span class={`state state-${state}`} data-testid="job-state" data-state={state}>
      <span aria-hidden="true">{MARK[state]}</span> {words(state)}
    </span>
  );
}

export function Progress({ done, total, label }: { done: number; total: number; label: string }) {
  return (
    <span class="progress">
      <progress max={Math.max(total, 1)} value={done} aria-label={label} />
      <span class="num">
        {number(done)} / {number(total)}
      </span>
    </span>
  );
}

export const active = (state: JobState): boolean => state === "queued" || state === "running";
