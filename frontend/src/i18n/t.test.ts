import { afterEach, expect, it } from "vitest";
import { preferred, remember, remembered } from "./language";
import { t, tn, use } from "./t";

afterEach(() => use("en", {}));

it("shows the English text where there is no other", () => {
  expect(t("{n} of {total} read", { n: 3, total: 1200 })).toBe("3 of 1,200 read");
  expect([1, 2].map((n) => tn(n, "{n} study", "{n} studies"))).toEqual(["1 study", "2 studies"]);
});

it("fills a translation by name, in its own order and with its own numbers", () => {
  use("fr", { "{n} of {total} read": "sur {total}, {n} lues" });
  expect(t("{n} of {total} read", { n: 3, total: 1200 })).toBe("sur 1\u202f200, 3 lues");
});

it("takes the plural form of the language", () => {
  use("fr", { "{n} studies": { one: "{n} examen", other: "{n} examens" } });
  expect([0, 1, 2].map((n) => tn(n, "{n} study", "{n} studies"))).toEqual([
    "0 examen",
    "1 examen",
    "2 examens",
  ]);
  use("zh", { "{n} studies": "{n} 例检查" });
  expect(tn(1, "{n} study", "{n} studies")).toBe("1 例检查");
});

it("leaves a hole that nothing was given for, so that it is seen", () => {
  expect(t("for {name}")).toBe("for {name}");
});

it("finds the first language of ours that the browser asks for", () => {
  expect(preferred(["de-CH", "fr-CA", "en"])).toBe("fr");
  expect(preferred(["zh-Hans-CN"])).toBe("zh");
  expect(preferred(["de"])).toBe("en");
});

it("keeps what was chosen in the browser, for before somebody signs in", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  expect(remembered(storage, ["fr"])).toBe("fr");
  remember(storage, "zh");
  expect(remembered(storage, ["fr"])).toBe("zh");
  remember(storage, "");
  expect(remembered(storage, ["fr"])).toBe("fr");
});
