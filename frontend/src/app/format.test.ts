import { expect, test } from "vitest";
import { phaseWords } from "./format";

test("a phase that lies loosely says so beside its name, the others do not", () => {
  const flags = { arterial: "loosely aligned" };
  expect(phaseWords("arterial", flags)).toBe("arterial, loosely aligned");
  expect(phaseWords("portal_venous", flags)).toBe("portal venous");
});
