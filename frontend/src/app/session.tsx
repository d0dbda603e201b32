/** Who is signed in. When a session ends the page stays where it is, under a sign-in form. */
import { type ComponentChildren, createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";
import { api, onSignedOut } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import type { Preferences, Role, Session, User } from "../api/types";
import { remember } from "../i18n/language";
import { current } from "../i18n/t";

interface SessionValue {
  user: User | null;
  version: string;
  /** Somebody was signed in and the server says that this has ended. */
  expired: boolean;
  signIn: (username: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
  /** What the signed-in person has chosen, as the server has stored it. */
  prefer: (preferences: Preferences) => void;
}

const Context = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  return useContext(Context)!;
}

export function may(user: User | null, ...roles: Role[]): boolean {
  return user !== null && (user.roles.includes("admin") || roles.some((role) => user.roles.includes(role)));
}

interface Props {
  children: ComponentChildren;
  fallback: (error: ApiError | null, retry: () => void) => ComponentChildren;
}

export function SessionProvider({ children, fallback }: Props) {
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [expired, setExpired] = useState(false);

  /** Whoever chose another language than this browser shows gets it. */
  const take = useCallback((next: Session) => {
    const chosen = next.user?.preferences.language;
    if (chosen && chosen !== current()) {
      remember(localStorage, chosen);
      location.reload();
    } else setSession(next);
  }, []);

  const load = useCallback(() => {
    setError(null);
    api.get<Session>("/session").then(take, (problem) => setError(asApiError(problem)));
  }, [take]);

  useEffect(() => {
    onSignedOut(() => setExpired(true));
    load();
  }, [load]);

  const signIn = async (username: string, password: string) => {
    // The cookie that CSRF needs may have ended with the session.
    await api.get<Session>("/session");
    const next = await api.post<Session>("/session", { username, password });
    take(next);
    setExpired(false);
  };

  const signOut = async () => {
    await api.delete("/session");
    setSession(await api.get<Session>("/session"));
    setExpired(false);
  };

  const prefer = (preferences: Preferences) =>
    setSession((now) => (now?.user ? { ...now, user: { ...now.user, preferences } } : now));

  if (!session) return <>{fallback(error, load)}</>;
  const value = { user: session.user, version: session.version, expired, signIn, signOut, prefer };
  return <Context.Provider value={value}>{children}</Context.Provider>;
}
