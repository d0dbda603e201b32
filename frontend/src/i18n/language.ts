/** Which language the pages are in. It is chosen once, before anything is shown; another one is a new page. */

export const LANGUAGES = { en: "English", fr: "Français", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "harvest.language";

export function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** The first language of ours among those that a browser asks for ("fr-CA" is "fr"); else English. */
export function preferred(asked: readonly string[]): Language {
  return asked.map((tag) => tag.toLowerCase().split("-")[0] ?? "").find(isLanguage) ?? "en";
}

/** What was chosen in this browser last, else what the browser asks for: known before anybody signs in. */
export function remembered(storage: Pick<Storage, "getItem">, asked: readonly string[]): Language {
  const kept = storage.getItem(KEPT) ?? "";
  return isLanguage(kept) ? kept : preferred(asked);
}

export function remember(storage: Pick<Storage, "setItem" | "removeItem">, language: Language | ""): void {
  if (language) storage.setItem(KEPT, language);
  else storage.removeItem(KEPT);
}
