/** Loads a study (and, from a review, its candidates) and opens the box editor on it. */

import { api } from "../api/client";
import type { ReviewStudy, StudyDetail } from "../api/types";
import { useLoad } from "../app/load";
import { navigate } from "../app/router";
import { useSession } from "../app/session";
import { Await, Empty } from "../app/ui";
import { outboxOf } from "../review/outboxes";
import { Editor } from "./Editor";
import "./editor.css";
import { t } from "../i18n/t";
import { useOnlyHere } from "./useOnlyHere";

interface Props {
  readonly studyId: string;
  /** The study of a round from whose review one comes; null when the study is opened by itself. */
  readonly roundStudyId: string | null;
  /** The phase that one comes to move, null where one comes to draw. */
  readonly nudge: string | null;
}

export function EditorPage(props: Props) {
  const { user } = useSession();
  const reader = user?.username ?? "";
  const place = useOnlyHere(`harvest.editor.${reader}.${props.studyId}`);
  if (place === "here") return <Opened {...props} reader={reader} />;
  if (place === "asking") return null;
  return (
    <div class="page">
      <Empty>
        <p role="status">
          {t(
            "You have this study open in another window. Go on there, or close it: then it opens here, with what was drawn there.",
          )}
        </p>
      </Empty>
    </div>
  );
}

function Opened({ studyId, roundStudyId, nudge, reader }: Props & { readonly reader: string }) {
  const loaded = useLoad(async () => {
    const [study, round] = await Promise.all([
      api.get<StudyDetail>(`/studies/${studyId}${roundStudyId ? `?round_study=${roundStudyId}` : ""}`),
      roundStudyId ? api.get<ReviewStudy>(`/round-studies/${roundStudyId}`) : null,
    ]);
    return { study, round };
  }, [studyId, roundStudyId]);
  return (
    <Await of={loaded} what={t("the study")}>
      {({ study, round }) => (
        <Editor
          key={study.id}
          study={study}
          round={round}
          nudge={nudge}
          reader={reader}
          outbox={outboxOf(reader)}
          onDone={round ? () => navigate(`/rounds/${round.round}/review/${round.id}`) : null}
        />
      )}
    </Await>
  );
}
