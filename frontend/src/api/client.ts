/** One way to the server: JSON in and out, CSRF, errors as ApiError. */
import { current } from "../i18n/t";
import { errorOf, offline } from "./errors";
import type { Page } from "./types";

const BASE = "/api/v1";

type Query = Record<string, string | number | boolean | null | undefined>;

export interface Options {
  body?: unknown;
  query?: Query;
  signal?: AbortSignal;
}

let signedOut: () => void = () => {};

/** Called whenever an answer says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export function cookie(name: string, all: string): string | null {
  for (const part of all.split(";")) {
    const [key, ...rest] = part.trim().split("=");
    if (key === name) return decodeURIComponent(rest.join("="));
  }
  return null;
}

/** A path under /api/v1 (or an address the server gave) with its query. */
export function url(path: string, query: Query = {}): string {
  const full = path.startsWith("/") && !path.startsWith("/api/") ? BASE + path : path;
  const given = Object.entries(query).filter(([, v]) => v !== null && v !== undefined && v !== "");
  if (!given.length) return full;
  const params = new URLSearchParams(given.map(([k, v]) => [k, String(v)]));
  return `${full}${full.includes("?") ? "&" : "?"}${params}`;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  // The server speaks as the page does.
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": current() };
  const form = typeof FormData !== "undefined" && options.body instanceof FormData;
  if (options.body !== undefined && !form) headers["Content-Type"] = "application/json";
  if (method !== "GET") {
    const token = cookie("csrftoken", globalThis.document?.cookie ?? "");
    if (token) headers["X-CSRFToken"] = token;
  }
  let response: Response;
  try {
    response = await fetch(url(path, options.query), {
      method,
      headers,
      credentials: "same-origin",
      signal: options.signal,
      // What a person did goes before images that load.
      priority: method === "GET" ? "auto" : "high",
      body: form
        ? (options.body as FormData)
        : options.body === undefined
          ? undefined
          : JSON.stringify(options.body),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw offline();
  }
  if (response.ok) return response;
  const error = errorOf(response.status, await response.json().catch(() => null));
  if (error.signedOut) signedOut();
  throw error;
}

async function json<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const api = {
  get: <T>(path: string, options?: Options) => json<T>("GET", path, options),
  post: <T>(path: string, body?: unknown, options?: Options) =>
    json<T>("POST", path, { ...options, body: body ?? {} }),
  put: <T>(path: string, body: unknown) => json<T>("PUT", path, { body }),
  patch: <T>(path: string, body: unknown) => json<T>("PATCH", path, { body }),
  delete: <T>(path: string) => json<T>("DELETE", path),
  /** Raw bytes, for volumes. */
  bytes: async (path: string, options?: Options): Promise<ArrayBuffer> =>
    (await send("GET", path, options ?? {})).arrayBuffer(),
};

/** All results of a cursor-paged list, at most `limit` of them. */
export async function all<T>(path: string, query: Query = {}, limit = 2000): Promise<T[]> {
  const results: T[] = [];
  let next: string | null = url(path, { page_size: 200, ...query });
  while (next && results.length < limit) {
    const page: Page<T> = await api.get<Page<T>>(next);
    results.push(...page.results);
    next = page.next ? relative(page.next) : null;
  }
  return results;
}

/** A next-page address names the host the server saw; behind a proxy that may not be ours. */
export function relative(address: string): string {
  const at = address.indexOf("/api/");
  return at < 0 ? address : address.slice(at);
}
