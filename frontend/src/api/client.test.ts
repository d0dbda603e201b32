import { afterEach, describe, expect, it, vi } from "vitest";
import { all, api, cookie, onSignedOut, relative, url } from "./client";
import { uuid } from "./uuid";

const answer = (body: unknown, status = 200) =>
  new Response(status === 204 ? null : JSON.stringify(body), { status });

afterEach(() => vi.unstubAllGlobals());

describe("the client", () => {
  it("sends the CSRF token with what changes something, and with nothing else", async () => {
    vi.stubGlobal("document", { cookie: "a=1; csrftoken=t0ken" });
    const fetched = vi.fn(async (_: string, __?: RequestInit) => answer({}));
    vi.stubGlobal("fetch", fetched);
    await api.post("/x", { y: 1 });
    await api.get("/x");
    const headers = fetched.mock.calls.map(([, init]) => init?.headers as Record<string, string>);
    expect(headers[0]).toMatchObject({ "X-CSRFToken": "t0ken", "Content-Type": "application/json" });
    expect(headers[1]).not.toHaveProperty("X-CSRFToken");
  });

  it("tells when the session has ended, once for each such answer", async () => {
    const ended = vi.fn();
    onSignedOut(ended);
    vi.stubGlobal("fetch", async () =>
      answer({ code: "not_authenticated", message: "Sign in.", details: {} }, 403),
    );
    await expect(api.get("/x")).rejects.toMatchObject({ code: "not_authenticated" });
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("calls a failed connection by its name", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(api.get("/x")).rejects.toMatchObject({ code: "offline", retryable: true });
  });

  it("follows the pages of a list to their end, whatever host they name", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (address: string) => {
      asked.push(address);
      const last = address.includes("cursor=2");
      return answer({
        next: last ? null : "http://inside:8000/api/v1/x?cursor=2",
        previous: null,
        results: [asked.length],
      });
    });
    expect(await all<number>("/x", { kind: "detector" })).toEqual([1, 2]);
    expect(asked).toEqual(["/api/v1/x?page_size=200&kind=detector", "/api/v1/x?cursor=2"]);
  });

  it("makes addresses without what was not given", () => {
    expect(url("/x", { a: 1, b: null, c: undefined })).toBe("/api/v1/x?a=1");
    expect(relative("https://h/api/v1/x?y")).toBe("/api/v1/x?y");
  });

  it("reads one cookie among many", () => {
    expect(cookie("csrftoken", "xcsrftoken=no; csrftoken=a%3Db")).toBe("a=b");
    expect(cookie("csrftoken", "")).toBeNull();
  });
});

describe("a UUID", () => {
  it("is made on plain http too", () => {
    const plain = { getRandomValues: crypto.getRandomValues.bind(crypto) };
    const made = Array.from({ length: 50 }, () => uuid(plain));
    for (const one of made)
      expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(made).size).toBe(50);
  });
});
