import { describe, expect, it } from "vitest";
import { errorOf, offline } from "./errors";

describe("an error", () => {
  it("says what the server says, with the fields that were wrong", () => {
    const body = {
      code: "invalid",
      message: "Some fields are not right.",
      details: { fields: { name: ["Enter a valid name."] } },
    };
    expect(errorOf(400, body)).toMatchObject({
      code: "invalid",
      message: "Some fields are not right. name: Enter a valid name.",
    });
  });

  it.each([
    [errorOf(401, null), true],
    [errorOf(403, { code: "not_authenticated", message: "Sign in.", details: {} }), true],
    [errorOf(403, { code: "permission_denied", message: "CSRF Failed: token missing.", details: {} }), true],
    [
      errorOf(403, { code: "permission_denied", message: "Your role does not allow this.", details: {} }),
      false,
    ],
    [errorOf(409, { code: "leased", message: "Taken.", details: {} }), false],
  ])("%s tells whether the session has ended", (error, ended) => {
    expect(error.signedOut).toBe(ended);
  });

  it.each([
    [offline(), true],
    [errorOf(502, "<html>"), true],
    [errorOf(429, null), true],
    [errorOf(409, { code: "leased", message: "Taken.", details: {} }), false],
    [errorOf(400, null), false],
  ])("%s tells whether trying again may help", (error, helps) => {
    expect(error.retryable).toBe(helps);
  });

  it("without a body of ours still says something", () => {
    expect(errorOf(502, "<html>").message).toContain("502");
  });
});
