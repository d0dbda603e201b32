import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Cohort, HarvestRound, ModelVersion, Strategy } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Empty, ErrorLine, Progress, State } from "../app/ui";
import { t, tn } from "../i18n/t";
import { STRATEGIES } from "../review/why";

export function RoundsPage({ params }: { params: Params }) {
  const { user } = useSession();
  const rounds = useLoad(
    () => all<HarvestRound>(`/cohorts/${params.id}/rounds`),
    [params.id],
    (list) => (list?.some((round) => active(round.state)) ? 1000 : null),
  );
  return (
    <div class="page">
      <h1>{t("Rounds")}</h1>
      <p class="muted">
        {t(
          "In a round a model looks at every study of the pool and says where lesions may be; readers judge that.",
        )}
      </p>
      {may(user, "data_manager") && <ReadingPolicyChoice cohort={params.id!} />}
      {may(user, "data_manager", "ml_engineer") && (
        <StartRound cohort={params.id!} onStarted={rounds.reload} />
      )}
      <Await of={rounds} what={t("the rounds")}>
        {(list) =>
          list.length ? (
            <table data-testid="rounds">
              <thead>
                <tr>
                  <th class="right">{t("Round")}</th>
                  <th>{t("Model")}</th>
                  <th>{t("State")}</th>
                  <th>{t("Studies")}</th>
                  <th>{t("Read next")}</th>
                  <th class="right">{t("Candidates")}</th>
                  <th class="right">{t("Reviewed")}</th>
                  <th>{t("Started")}</th>
                  <th>
                    <span class="unseen">{t("Actions")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((round) => (
                  <RoundRow key={round.id} round={round} onChanged={rounds.reload} />
                ))}
              </tbody>
            </table>
          ) : (
            <Empty>
              <p>{t("No round yet. Import studies first, then start one.")}</p>
            </Empty>
          )
        }
      </Await>
    </div>
  );
}

/** How many read each study of the rounds to come. */
function ReadingPolicyChoice({ cohort }: { cohort: string }) {
  const about = useLoad(() => api.get<Cohort>(`/cohorts/${cohort}`), [cohort]);
  const action = useAction();
  const choose = (reading_policy: string) =>
    action.run(async () => {
      await api.patch(`/cohorts/${cohort}`, { reading_policy });
      about.reload();
    });
  return (
    <div class="fields">
      <label title={t("For rounds that are started from now on.")}>
        {t("Each study is read by")}
        <select
          value={about.data?.reading_policy ?? "one"}
          disabled={!about.data || action.busy}
          data-testid="reading-policy"
          onChange={(e) => choose(e.currentTarget.value)}
        >
          <option value="one">{t("one reader")}</option>
          <option value="two">{t("two readers, blind to each other")}</option>
          <option value="two_adjudicated">{t("two blind readers and an adjudicator")}</option>
        </select>
      </label>
      <ErrorLine error={action.error ?? about.error} />
    </div>
  );
}

function RoundRow({ round, onChanged }: { round: HarvestRound; onChanged: () => void }) {
  const action = useAction();
  const cancel = () =>
    action.run(async () => {
      await api.post(`/rounds/${round.id}/cancel`);
      onChanged();
    });
  const left = round.readings - round.readings_done;
  const { user } = useSession();
  return (
    <>
      <tr data-testid="round-row" data-number={round.number} data-state={round.state}>
        <td class="num right">{round.number}</td>
        <td>
          <Link href={`/models/${round.model_version.id}`}>{round.model_version.name}</Link>
          {round.against && (
            <div class="muted">{t("preview, beside {name}", { name: round.against.name })}</div>
          )}
        </td>
        <td>
          <State state={round.state} />
        </td>
        <td>
          <Progress
            done={round.done}
            total={round.total}
            label={t("Round {number}", { number: round.number })}
          />
        </td>
        <td>
          <Link href={`/rounds/${round.id}/arms`} data-testid="arms-link">
            {STRATEGIES[round.strategy].name}
          </Link>{" "}
          {!round.against && round.readings_done > 0 && (
            <Link href={`/rounds/${round.id}/report`} class="muted" data-testid="report-link">
              {t("Report")}
            </Link>
          )}
        </td>
        <td class="num right" data-testid="round-candidates">
          {round.candidates}
        </td>
        <td class="num right" data-testid="round-reviewed">
          {round.reviewed}
        </td>
        <td class="num">{when(round.created_at)}</td>
        <td class="actions">
          {left > 0 && (
            <Link href={`/rounds/${round.id}/review`} class="go" data-testid="review-link">
              {tn(left, "Review {n} study", "Review {n} studies")}
            </Link>
          )}
          {round.reading_policy === "two_adjudicated" && round.reviewable > 0 && may(user, "clinician") && (
            <Link href={`/rounds/${round.id}/adjudicate`} class="go" data-testid="adjudicate-link">
              {t("Adjudicate")}
            </Link>
          )}
          {active(round.state) && (
            <button type="button" class="small" disabled={action.busy} onClick={cancel}>
              {t("Cancel")}
            </button>
          )}
        </td>
      </tr>
      {(round.error || round.failures.length > 0 || action.error) && (
        <tr class="detail">
          <td />
          <td colSpan={8}>
            <ErrorLine error={action.error} />
            {round.error && <p class="error">{round.error.message}</p>}
            {round.failures.length > 0 && (
              <details>
                <summary>
                  {tn(
                    round.failures.length,
                    "{n} study could not be looked at",
                    "{n} studies could not be looked at",
                  )}
                </summary>
                <ul>
                  {round.failures.map((failure) => (
                    <li key={failure.study}>
                      {t("Study {number}", { number: failure.ordinal })}: {failure.message}
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </td>
        </tr>
      )}
    </>
  );
}

function StartRound({ cohort, onStarted }: { cohort: string; onStarted: () => void }) {
  const models = useLoad(() => all<ModelVersion>("/models", { kind: "detector" }), []);
  const [model, setModel] = useState("");
  const [strategy, setStrategy] = useState<Strategy>("score");
  const [share, setShare] = useState(10);
  const [scratch, setScratch] = useState(2);
  const [hidden, setHidden] = useState(5);
  const action = useAction();
  const start = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/cohorts/${cohort}/rounds`, {
        ...(model && { model_version: model }),
        strategy,
        random_share: share / 100,
        scratch_share: scratch / 100,
        hidden_share: hidden / 100,
      });
      onStarted();
    });
  };
  const promoted = models.data?.find((one) => one.promoted);
  return (
    <form class="fields" onSubmit={start}>
      <label>
        {t("Detector")}
        <select value={model} onChange={(e) => setModel(e.currentTarget.value)}>
          <option value="">
            {promoted ? t("{name} (in use)", { name: promoted.name }) : t("the one in use")}
          </option>
          {models.data
            ?.filter((one) => !one.promoted)
            .map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
        </select>
      </label>
      <label title={STRATEGIES[strategy].says}>
        {t("Read next")}
        <select
          value={strategy}
          data-testid="round-strategy"
          onChange={(e) => setStrategy(e.currentTarget.value as Strategy)}
        >
          {Object.entries(STRATEGIES).map(([value, { name }]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Share
        name={t("Random arm, %")}
        says={t(
          "This share of the studies is drawn at random and shown beside the others, so that the order can be held against chance.",
        )}
        testId="round-share"
        range={[2, 100]}
        value={share}
        onChange={setShare}
      />
      <Share
        name={t("Drawn from scratch, %")}
        says={t(
          "This share of the studies is read without candidates and drawn from nothing: what candidates save is the difference to it.",
        )}
        testId="round-scratch"
        range={[0, 50]}
        value={scratch}
        onChange={setScratch}
      />
      <Share
        name={t("Hidden gold studies, %")}
        says={t(
          "So many gold studies for a hundred others are read among them, some with a candidate too few or one too many. Nobody can tell which; what is said of them measures the readers and teaches nothing.",
        )}
        testId="round-hidden"
        range={[0, 50]}
        value={hidden}
        onChange={setHidden}
      />
      <button type="submit" class="primary" disabled={action.busy} data-testid="round-start">
        {t("Start a round")}
      </button>
      <ErrorLine error={action.error ?? models.error} />
    </form>
  );
}

interface ShareProps {
  name: string;
  says: string;
  testId: string;
  range: readonly [number, number];
  value: number;
  onChange: (percent: number) => void;
}

/** A share of a round's studies, in percent. */
function Share({ name, says, testId, range, value, onChange }: ShareProps) {
  return (
    <label title={says}>
      {name}
      <input
        type="number"
        min={range[0]}
        max={range[1]}
        value={value}
        data-testid={testId}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}
