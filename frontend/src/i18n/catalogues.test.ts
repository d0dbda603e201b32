/** The catalogues are complete: every text of the source, no other, with the same holes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import fr from "./fr.json";
import type { Catalogue } from "./t";
import zh from "./zh.json";

const SOURCE = join(import.meta.dirname, "..");
/** Folders and files whose every visible text goes through t(). */
const CONVERTED = ["i18n", "adjudicate", "app/Login.tsx"];
/** Attributes that people read or hear. */
const READ = new Set(["title", "aria-label", "alt", "placeholder"]);
/** Units, names and keys, the same in every language. */
const SAME = /^(?:Harvest|HU|mm|ms|[sxRLAPHF]|[\d\s\W]*)$/;

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (/\.tsx?$/.test(entry.name) && !/\.test\.|schema\.ts/.test(entry.name)) yield path;
  }
}

function literal(node: ts.Node | undefined): string | null {
  return node && ts.isStringLiteralLike(node) ? node.text : null;
}

const used = new Set<string>();
const bare: string[] = [];
const computed: string[] = [];

for (const path of files(SOURCE)) {
  const name = path.slice(SOURCE.length + 1);
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const strict = CONVERTED.some((part) => name.startsWith(part));
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const index = { t: 0, tn: 2 }[node.expression.text];
      if (index !== undefined && name !== "i18n/t.ts") {
        const key = literal(node.arguments[index]);
        if (key === null) computed.push(`${name}: ${node.getText().slice(0, 60)}`);
        else used.add(key);
      }
    }
    const shown = ts.isJsxText(node)
      ? node.text
      : ts.isJsxAttribute(node) && READ.has(node.name.getText())
        ? literal(node.initializer)
        : null;
    if (strict && shown !== null && !SAME.test(shown.trim())) bare.push(`${name}: ${shown.trim()}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
}

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();

it("names every text where it is used", () => expect(computed).toEqual([]));
it("shows nothing in English alone", () => expect(bare).toEqual([]));

describe.each<[string, Catalogue]>([
  ["French", fr],
  ["Chinese", zh],
])("%s", (_, catalogue) => {
  it("has every text", () => expect([...used].filter((key) => !(key in catalogue))).toEqual([]));
  it("has no other", () => expect(Object.keys(catalogue).filter((key) => !used.has(key))).toEqual([]));
  it("has the holes of the English text", () => {
    const wrong = Object.entries(catalogue).flatMap(([key, entry]) =>
      (typeof entry === "string" ? [entry] : Object.values(entry))
        .filter((text) => String(holes(text)) !== String(holes(key)))
        .map((text) => `${key} -> ${text}`),
    );
    expect(wrong).toEqual([]);
  });
});
