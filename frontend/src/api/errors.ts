/** What the server, or the way to it, said was wrong; `message` is fit to be shown. */
import { t } from "../i18n/t";
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The request never reached an answer, or the server is ill: trying again may help. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Nobody is signed in (any more). */
  get signedOut(): boolean {
    return this.status === 401 || this.code === "not_authenticated" || this.code === "csrf_failed";
  }
}

export function offline(): ApiError {
  return new ApiError(0, "offline", t("The server cannot be reached. Check the network; nothing is lost."));
}

function fieldText(details: Record<string, unknown>): string {
  const fields = details.fields;
  if (typeof fields !== "object" || fields === null) return "";
  const lines = Object.entries(fields).map(([name, what]) => {
    const text = Array.isArray(what) ? what.map(String).join(" ") : String(what);
    return name === "non_field_errors" ? text : `${name}: ${text}`;
  });
  return lines.length ? ` ${lines.join(" ")}` : "";
}

function expired(): ApiError {
  return new ApiError(403, "csrf_failed", t("The session has ended. Sign in again."));
}

/** The error of an answer that is not 2xx, whatever its body is. */
export function errorOf(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && "code" in body && "message" in body) {
    const { code, message } = body as { code: unknown; message: unknown };
    const raw = (body as { details?: unknown }).details;
    const details = typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
    if (String(message).startsWith("CSRF Failed")) return expired();
    return new ApiError(status, String(code), String(message) + fieldText(details), details);
  }
  if (status === 403) {
    return expired();
  }
  if (status === 413) {
    return new ApiError(status, "too_large", t("The server refuses files this large. Send fewer at a time."));
  }
  return new ApiError(
    status,
    "unexpected",
    t("The server answered {status} without saying why. Try again.", { status: String(status) }),
  );
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(-1, "client", error instanceof Error ? error.message : String(error));
}
