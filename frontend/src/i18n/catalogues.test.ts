/** The catalogues are complete: every text of the source, no other, with the same holes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import fr from "./fr.json";
import type { Catalogue } from "./t";
import zh from "./zh.json";

const SOURCE = join(import.meta.dirname, "..");
/** Attributes that people read or hear. */
const READ = new Set(["title", "aria-label", "alt", "placeholder", "label", "what", "submit"]);
/** Units, names and keys, the same in every language. */
const SAME =
  /^(?:Harvest|Tab|Esc|HU|mm|µm|ms|min|[A-Zsx]|Authorization: Token …|HARVEST_DICOM_PORT|\/dicom-web\/|[\d\s\W]*)$/;

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

/** The texts that an expression may show as they stand: not what it compares, calls with or looks up. */
function written(node: ts.Node | undefined): string[] {
  if (!node || ts.isCallExpression(node) || ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node))
    return [];
  if (ts.isElementAccessExpression(node) || ts.isFunctionLike(node) || ts.isJsxFragment(node)) return [];
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
    return [node.text];
  if (ts.isConditionalExpression(node)) return [...written(node.whenTrue), ...written(node.whenFalse)];
  if (ts.isBinaryExpression(node)) {
    const shows = [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.PlusToken];
    const sides = shows.includes(node.operatorToken.kind) ? [node.left, node.right] : [];
    if (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) sides.push(node.right);
    return sides.flatMap(written);
  }
  const parts: string[] = [];
  ts.forEachChild(node, (child) => void parts.push(...written(child)));
  return parts;
}

const used = new Set<string>();
const bare: string[] = [];
const computed: string[] = [];

for (const path of files(SOURCE)) {
  const name = path.slice(SOURCE.length + 1);
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
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
      ? [node.text]
      : ts.isJsxAttribute(node) && READ.has(node.name.getText())
        ? written(node.initializer)
        : ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)
          ? written(node.expression)
          : [];
    bare.push(...shown.filter((text) => !SAME.test(text.trim())).map((text) => `${name}: ${text.trim()}`));
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
  it("has every text", () => expect([...used].filter((key) => !Object.hasOwn(catalogue, key))).toEqual([]));
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
