import { describe, expect, it } from "vitest";
import { dayAfter, dayStart } from "./audit";

describe("the days that the audit trail is asked for", () => {
  it("go from the first moment of the one to the last of the other", () => {
    expect(Date.parse(dayAfter("2026-01-31"))).toBe(new Date(2026, 1, 1).getTime());
    expect(Date.parse(dayStart("2026-01-31"))).toBe(new Date(2026, 0, 31).getTime());
  });

  it("are left out where there are none", () => {
    expect([dayStart(""), dayAfter("")]).toEqual(["", ""]);
  });
});
