/** What the audit trail can be asked for. */
import type { AuditAction } from "../api/types";

export const AUDIT_ACTIONS: readonly AuditAction[] = [
  "sign_in",
  "sign_out",
  "token",
  "members",
  "people",
  "promote",
  "release",
  "export",
  "review",
  "change",
  "access",
  "command",
];

/** The moment at which a day begins here, "" for no day; the server's times are of the world. */
export function dayStart(day: string): string {
  return day && new Date(`${day}T00:00`).toISOString();
}

/** The moment at which a day is over. */
export function dayAfter(day: string): string {
  if (!day) return "";
  const next = new Date(`${day}T00:00`);
  next.setDate(next.getDate() + 1);
  return next.toISOString();
}
