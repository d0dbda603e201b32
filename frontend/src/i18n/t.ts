/** Texts of the pages in the reader's language. The English text is the key; English needs no catalogue. */
import type { Language } from "./language";

/** A text, or where it counts something one for each plural form of the language. */
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, Entry>;
type Given = Record<string, string | number>;

let language: Language = "en";
let catalogue: Catalogue = {};
let rules = new Intl.PluralRules("en");

export function use(next: Language, texts: Catalogue): void {
  language = next;
  catalogue = texts;
  rules = new Intl.PluralRules(next);
}

export const current = (): Language => language;

/** "{n} of {total} read" with what is given, in the reader's language. */
export function t(text: string, given: Given = {}): string {
  const entry = catalogue[text] ?? text;
  return fill(typeof entry === "string" ? entry : (entry.other ?? text), given);
}

/** The same where the text counts `n`: tn(3, "{n} study", "{n} studies"). The key is the plural. */
export function tn(n: number, one: string, many: string, given: Given = {}): string {
  const entry = catalogue[many] ?? { one, other: many };
  const form = typeof entry === "string" ? entry : (entry[rules.select(n)] ?? entry.other ?? many);
  return fill(form, { n, ...given });
}

function fill(text: string, given: Given): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = given[name];
    return value === undefined ? hole : typeof value === "number" ? number(value) : value;
  });
}

/** A number as the reader's language writes it. */
export function number(value: number, digits?: number): string {
  const options =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, options).format(value);
}
