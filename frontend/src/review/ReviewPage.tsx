/** The queue of a round: one study on the screen, the next ones on their way. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import type { HarvestRound, Id, NextStudy, ReviewStudy, WindowName } from "../api/types";
import { uuid } from "../api/uuid";
import { useLoad } from "../app/load";
import { Link, navigate, type Params } from "../app/router";
import { useSession } from "../app/session";
import { Empty, ErrorLine } from "../app/ui";
import { t } from "../i18n/t";
import { upcoming } from "./feed";
import { Grid } from "./Grid";
import { KeysDialog } from "./KeysDialog";
import { actionOf } from "./keys";
import { completeEntry, eventsOf, isComplete, outboxOf, reviewEntry } from "./outboxes";
import { fetchImage, inOrder, Pictures } from "./pictures";
import { eventOf, lastAct, type ReviewEvent, type ReviewState, reduce } from "./state";
import { useActivity } from "./useActivity";
import { Keys, useKeys } from "./useKeys";
import { useOwnKeys } from "./useOwnKeys";

const AHEAD = 2;

interface Shown {
  study: ReviewStudy;
  waiting: ReviewEvent[];
}

export function ReviewPage({ params }: { params: Params }) {
  const round = params.id!;
  const { user } = useSession();
  const outbox = outboxOf(user!.username);
  const [shown, setShown] = useState<Shown | null>(null);
  const [ahead, setAhead] = useState<ReviewStudy[]>([]);
  const [counts, setCounts] = useState({ reviewed: 0, remaining: 0 });
  const [error, setError] = useState<ApiError | null>(null);
  const [finished, setFinished] = useState(false);
  const [window_, setWindow] = useState<WindowName>("liver");
  const about = useLoad(() => api.get<HarvestRound>(`/rounds/${round}`), [round]);
  const [looked, setLooked] = useState({ current: 0, offset: 0, whole: false });
  const [help, setHelp] = useState(false);
  const own = useOwnKeys();
  const heldAhead = useRef(ahead);
  heldAhead.current = ahead;
  const done = useRef(new Set<Id>());
  /** The studies done here, the last one at the end: undo goes back into them. */
  const [trail, setTrail] = useState<ReviewState[]>([]);
  const current = useRef<Id | null>(null);
  const [, redraw] = useState(0);

  useEffect(() => outbox.onChange(() => redraw((n) => n + 1)), [outbox]);

  const show = useCallback(
    (study: ReviewStudy, kept = eventsOf(outbox.pending(study.id))) => {
      const still = new Set(outbox.pending(study.id).map((entry) => entry.id));
      const waiting = kept.map((event) =>
        event.receipt === "queued" && !still.has(event.id) ? { ...event, receipt: "stored" as const } : event,
      );
      current.current = study.id;
      setFinished(false);
      setShown({ study, waiting });
    },
    [outbox],
  );

  /** Asks for what comes next; shows it where nothing is shown. */
  const refill = useCallback(async () => {
    try {
      const held = [...heldAhead.current];
      const have = held.map((study) => study.id);
      const answer = await api.post<NextStudy>(`/rounds/${round}/next`, { ahead: AHEAD, have });
      setError(null);
      setCounts({ reviewed: answer.reviewed, remaining: answer.remaining });
      const next = upcoming(answer, held, current.current, done.current);
      const first = next[0];
      if (current.current === null && first) {
        show(first);
        setAhead(next.slice(1));
        navigate(`/rounds/${round}/review/${first.id}`, { replace: true });
      } else {
        setAhead(next);
        // What is done here and on its way brings another answer.
        if (current.current === null && !answer.order.length) setFinished(true);
      }
    } catch (problem) {
      setError(asApiError(problem));
    }
  }, [round, show]);

  // The address says which study is shown: on arrival, and when the person goes back to an earlier one.
  const wanted = params.roundStudy;
  const load = useCallback(async () => {
    await outbox.ready;
    setError(null);
    try {
      if (wanted && wanted !== current.current) {
        const kept = eventsOf(outbox.pending(wanted));
        show(await api.get<ReviewStudy>(`/round-studies/${wanted}`), kept);
      }
    } catch (problem) {
      setError(asApiError(problem));
      return;
    }
    if (!wanted || !current.current || !done.current.has(wanted)) await refill();
  }, [outbox, wanted, show, refill]);

  const arrived = useRef<string | null | undefined>(null);
  useEffect(() => {
    // Going on to the next study sets the address by itself: that needs no loading.
    if (arrived.current !== null && wanted === current.current) return;
    arrived.current = wanted;
    void load();
  }, [wanted, load]);

  useEffect(
    () =>
      outbox.onAnswer((answer) => {
        const { entry, outcome } = answer;
        if (!isComplete(entry)) {
          const receipt = { type: "receipt", id: entry.id, receipt: outcome } as const;
          setTrail((states) =>
            states.map((one) => (one.study.id === entry.roundStudy ? reduce(one, receipt) : one)),
          );
          return;
        }
        if (answer.outcome === "refused") {
          done.current.delete(entry.roundStudy);
          setError(answer.error);
        }
        void refill();
      }),
    [outbox, refill],
  );

  const pictures = useMemo(() => new Pictures(fetchImage), []);
  useEffect(() => {
    if (shown) pictures.want(inOrder({ study: shown.study, ...looked, ahead, window: window_ }));
  }, [pictures, shown, looked, ahead, window_]);

  const look = useCallback(
    (current: number, offset: number, whole: boolean) => setLooked({ current, offset, whole }),
    [],
  );

  const clock = useActivity(shown?.study.id ?? null, "click");

  // Studies fetched ahead are held for this reader; whoever leaves the page leaves them to the others.
  useEffect(
    () => () => {
      for (const study of heldAhead.current) api.post(`/round-studies/${study.id}/release`).catch(() => {});
    },
    [],
  );

  const onDone = (state: ReviewState) => {
    const { study } = state;
    setTrail((states) => [...states, state]);
    outbox.add(completeEntry(study.id, uuid()));
    done.current.add(study.id);
    setCounts((c) => ({ reviewed: c.reviewed + 1, remaining: Math.max(0, c.remaining - 1) }));
    const [next, ...rest] = ahead.filter((one) => !done.current.has(one.id));
    setAhead(rest);
    if (next) {
      show(next);
      navigate(`/rounds/${round}/review/${next.id}`);
    } else {
      current.current = null;
      setShown(null);
    }
  };

  /** Takes back what the last key said in the study before, which opens it again, and shows that study. */
  const onBack = () => {
    const last = trail.at(-1);
    if (!last) return;
    const act = uuid();
    const state = lastAct(last).reduce((so, { id, candidate }, index) => {
      const said = { candidate, verdict: null, absent: [], undoes: id };
      const event = eventOf(so, said, index ? uuid() : act, act);
      outbox.add(reviewEntry(last.study.id, event));
      return reduce(so, { type: "event", event });
    }, last);
    done.current.delete(last.study.id);
    setTrail((states) => states.slice(0, -1));
    if (shown) setAhead((studies) => [shown.study, ...studies]);
    setCounts((c) => ({ reviewed: Math.max(0, c.reviewed - 1), remaining: c.remaining + 1 }));
    show(last.study, state.events);
    navigate(`/rounds/${round}/review/${last.study.id}`);
  };

  if (!shown)
    return (
      <Keys.Provider value={own.bindings}>
        <div class="page">
          <ErrorLine error={error} retry={load} />
          {finished ? (
            <Finished
              round={about.data}
              reviewed={counts.reviewed}
              waiting={outbox.waiting}
              onBack={trail.length ? onBack : null}
            />
          ) : (
            !error && <p class="muted slow">{t("Loading the next study …")}</p>
          )}
        </div>
      </Keys.Provider>
    );
  return (
    <Keys.Provider value={own.bindings}>
      {error && <ErrorLine error={error} retry={load} />}
      <Grid
        key={shown.study.id}
        study={shown.study}
        waiting={shown.waiting}
        outbox={outbox}
        clock={clock}
        window={window_}
        reviewed={counts.reviewed}
        remaining={counts.remaining}
        round={about.data}
        back={trail.length > 0}
        covered={help}
        onWindow={setWindow}
        onHelp={() => setHelp(true)}
        onDone={onDone}
        onBack={onBack}
        onLook={look}
      />
      {help && <KeysDialog own={own.own} onSave={own.save} onClose={() => setHelp(false)} />}
    </Keys.Provider>
  );
}

interface FinishedProps {
  round: HarvestRound | null;
  reviewed: number;
  waiting: number;
  onBack: (() => void) | null;
}

function Finished({ round, reviewed, waiting, onBack }: FinishedProps) {
  const { bindings, keyFor } = useKeys();
  useEffect(() => {
    const back = (event: KeyboardEvent) => {
      if (actionOf(event, bindings) === "undo") onBack?.();
    };
    window.addEventListener("keydown", back);
    return () => window.removeEventListener("keydown", back);
  }, [bindings, onBack]);
  return (
    <Empty>
      <h1 data-testid="finished">{t("Nothing left to review in this round")}</h1>
      <p class="num">
        {waiting
          ? t("{n} reviewed, {waiting} answers still on their way.", { n: reviewed, waiting })
          : t("{n} reviewed, all answers stored.", { n: reviewed })}{" "}
        {t("A study that somebody else has open comes back here if they leave it.")}
      </p>
      <p class="controls">
        {onBack && (
          <button type="button" data-testid="undo-last" onClick={onBack}>
            {t("Undo the last verdict")} <kbd>{keyFor("undo")}</kbd>
          </button>
        )}
        {round ? (
          <Link href={`/cohorts/${round.cohort}/training`}>{t("Train on what was curated")}</Link>
        ) : (
          <Link href="/">{t("To the cohorts")}</Link>
        )}
      </p>
    </Empty>
  );
}
