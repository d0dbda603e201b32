/** A router by path: patterns with :parameters, the history API, links that stay links. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { About } from "./help";

export type Params = Record<string, string>;

/** The parameters of `path` under `pattern` (":name" one segment, ":name?" maybe none), null if it differs. */
export function match(pattern: string, path: string): Params | null {
  const want = pattern.split("/").filter(Boolean);
  const have = path.split("/").filter(Boolean);
  const params: Params = {};
  if (have.length > want.length) return null;
  for (const [i, part] of want.entries()) {
    const segment = have[i];
    if (part.startsWith(":")) {
      const optional = part.endsWith("?");
      if (segment === undefined && !optional) return null;
      if (segment !== undefined)
        params[part.slice(1, optional ? -1 : undefined)] = decodeURIComponent(segment);
    } else if (part !== segment) return null;
  }
  return params;
}

const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};
let guard: (() => boolean) | null = null;

/** `leave` is asked before the page changes; false keeps the person where they are. */
export function setGuard(leave: (() => boolean) | null): void {
  guard = leave;
}

export function navigate(to: string, { replace = false } = {}): void {
  if (guard && !guard()) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  if (!replace) window.scrollTo(0, 0);
  changed();
}

export function useLocation(): { path: string; search: URLSearchParams } {
  const [href, setHref] = useState(location.pathname + location.search);
  useEffect(() => {
    const read = () => setHref(location.pathname + location.search);
    listeners.add(read);
    window.addEventListener("popstate", read);
    read();
    return () => {
      listeners.delete(read);
      window.removeEventListener("popstate", read);
    };
  }, []);
  const [path = "/", search = ""] = href.split("?");
  return { path, search: new URLSearchParams(search) };
}

interface LinkProps {
  href: string;
  children: ComponentChildren;
  class?: string;
  title?: string;
  "aria-current"?: "page" | undefined;
  "data-testid"?: string;
}

/** An ordinary link that changes the page without loading it again. */
export function Link({ href, children, ...rest }: LinkProps) {
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...rest} href={href} onClick={onClick}>
      {children}
    </a>
  );
}

export interface Route {
  pattern: string;
  page: ComponentType<{ params: Params; search: URLSearchParams }>;
  about: About;
  /** The page has a table of its keys, which ? shows. */
  ownKeys?: boolean;
}

export function find(routes: Route[], path: string): { route: Route; params: Params } | null {
  for (const route of routes) {
    const params = match(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}
