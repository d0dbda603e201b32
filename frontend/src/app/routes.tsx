/** Which page stands at which address. */
import { useEffect } from "preact/hooks";
import { AdjudicatePage } from "../adjudicate/AdjudicatePage";
import { EditorPage } from "../editor/EditorPage";
import { ArmsPage } from "../pages/ArmsPage";
import { CohortsPage } from "../pages/CohortsPage";
import { ComparePage } from "../pages/ComparePage";
import { DashboardPage } from "../pages/DashboardPage";
import { ImportPage } from "../pages/ImportPage";
import { LabelsPage } from "../pages/LabelsPage";
import { ModelPage } from "../pages/ModelPage";
import { ModelsPage } from "../pages/ModelsPage";
import { NetworkPage } from "../pages/NetworkPage";
import { ReleasesPage } from "../pages/ReleasesPage";
import { RoundsPage } from "../pages/RoundsPage";
import { StudiesPage } from "../pages/StudiesPage";
import { TrainingPage } from "../pages/TrainingPage";
import { TrainingRunPage } from "../pages/TrainingRunPage";
import { AgreementPage } from "../readers/AgreementPage";
import { BiasPage } from "../readers/BiasPage";
import { LabourPage } from "../readers/LabourPage";
import { ReviewPage } from "../review/ReviewPage";
import { navigate, type Params, type Route } from "./router";

function ToCohorts() {
  useEffect(() => navigate("/", { replace: true }), []);
  return null;
}

function Editor({ params, search }: { params: Params; search: URLSearchParams }) {
  return (
    <EditorPage studyId={params.id!} roundStudyId={search.get("round_study")} nudge={search.get("nudge")} />
  );
}

export const ROUTES: Route[] = [
  { pattern: "/", page: CohortsPage },
  { pattern: "/login", page: ToCohorts },
  { pattern: "/cohorts/:id", page: DashboardPage },
  { pattern: "/cohorts/:id/import", page: ImportPage },
  { pattern: "/cohorts/:id/studies", page: StudiesPage },
  { pattern: "/cohorts/:id/labels", page: LabelsPage },
  { pattern: "/cohorts/:id/rounds", page: RoundsPage },
  { pattern: "/cohorts/:id/training", page: TrainingPage },
  { pattern: "/cohorts/:id/releases", page: ReleasesPage },
  { pattern: "/cohorts/:id/agreement", page: AgreementPage },
  { pattern: "/cohorts/:id/bias", page: BiasPage },
  { pattern: "/cohorts/:id/labour", page: LabourPage },
  { pattern: "/rounds/:id/arms", page: ArmsPage },
  { pattern: "/rounds/:id/review/:roundStudy?", page: ReviewPage },
  { pattern: "/rounds/:id/adjudicate", page: AdjudicatePage },
  { pattern: "/studies/:id/draw", page: Editor },
  { pattern: "/training/:id", page: TrainingRunPage },
  { pattern: "/models", page: ModelsPage },
  { pattern: "/models/compare", page: ComparePage },
  { pattern: "/models/:id", page: ModelPage },
  { pattern: "/network", page: NetworkPage },
];
