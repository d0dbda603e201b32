import type { ComponentChildren } from "preact";

/** A text whose open holes are filled with parts of a page: rich(t("Made {version}."), { version: <Link/> }). */
export function rich(text: string, parts: Record<string, ComponentChildren>): ComponentChildren {
  return text.split(/\{(\w+)\}/).map((piece, i) => (i % 2 ? parts[piece] : piece));
}
