/** The catalogues, each loaded only by who reads it. */
import type { Language } from "./language";
import type { Catalogue } from "./t";

const LOAD: Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>> = {
  fr: () => import("./fr.json"),
  zh: () => import("./zh.json"),
};

export async function catalogueOf(language: Language): Promise<Catalogue> {
  return language === "en" ? {} : (await LOAD[language]()).default;
}
