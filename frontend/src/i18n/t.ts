/** Texts of the pages in the reader's language. The English text is the key; English needs no catalogue. */
import type { Language } from "./language";

/** A text, or where it counts something one for each plural form of the language. */
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, Entry>;
type Given = Record<string, string | number>;

let language: Language = "en";
let catalogue: Catalogue = {};
let rules = new Intl.PluralRules("en");
/** By decimals; making one takes longer than using it a hundred times. */
const numbers = new Map<number | undefined, Intl.NumberFormat>();

export function use(next: Language, texts: Catalogue): void {
  language = next;
  catalogue = texts;
  rules = new Intl.PluralRules(next);
  numbers.clear();
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
  let format = numbers.get(digits);
  if (!format) {
    const options =
      digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    format = new Intl.NumberFormat(language, options);
    numbers.set(digits, format);
  }
  return format.format(value);
}

/** A date with its time of day; English as ISO 8601 orders it, which no two countries read differently. */
export function moment(iso: string): string {
  const options = { dateStyle: "short", timeStyle: "short", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat(language === "en" ? "sv" : language, options).format(new Date(iso));
}
