/** Which page stands at which address. */
import { useEffect } from "preact/hooks";
import { AdjudicatePage } from "../adjudicate/AdjudicatePage";
import { EditorPage } from "../editor/EditorPage";
import { ArmsPage } from "../pages/ArmsPage";
import { AuditPage } from "../pages/AuditPage";
import { CohortsPage } from "../pages/CohortsPage";
import { ComparePage } from "../pages/ComparePage";
import { DashboardPage } from "../pages/DashboardPage";
import { ImportPage } from "../pages/ImportPage";
import { LabelsPage } from "../pages/LabelsPage";
import { MembersPage } from "../pages/MembersPage";
import { ModelPage } from "../pages/ModelPage";
import { ModelsPage } from "../pages/ModelsPage";
import { NetworkPage } from "../pages/NetworkPage";
import { ReleasesPage } from "../pages/ReleasesPage";
import { ReportPage } from "../pages/ReportPage";
import { RoundsPage } from "../pages/RoundsPage";
import { StudiesPage } from "../pages/StudiesPage";
import { TokensPage } from "../pages/TokensPage";
import { TrainingPage } from "../pages/TrainingPage";
import { TrainingRunPage } from "../pages/TrainingRunPage";
import { AgreementPage } from "../readers/AgreementPage";
import { BiasPage } from "../readers/BiasPage";
import { LabourPage } from "../readers/LabourPage";
import { ReviewPage } from "../review/ReviewPage";
import { ABOUT } from "./help";
import { navigate, type Params, type Route } from "./router";

function ToCohorts() {
  useEffect(() => navigate("/", { replace: true }), []);
  return null;
}

function Editor({ params, search }: { params: Params; search: URLSearchParams }) {
  return (
    <>
      <h1 class="unseen">{ABOUT.draw.name}</h1>
      <EditorPage studyId={params.id!} roundStudyId={search.get("round_study")} nudge={search.get("nudge")} />
    </>
  );
}

export const ROUTES: Route[] = [
  { pattern: "/", page: CohortsPage, about: ABOUT.cohorts },
  { pattern: "/login", page: ToCohorts, about: ABOUT.cohorts },
  { pattern: "/cohorts/:id", page: DashboardPage, about: ABOUT.overview },
  { pattern: "/cohorts/:id/import", page: ImportPage, about: ABOUT.import },
  { pattern: "/cohorts/:id/studies", page: StudiesPage, about: ABOUT.studies },
  { pattern: "/cohorts/:id/labels", page: LabelsPage, about: ABOUT.labels },
  { pattern: "/cohorts/:id/rounds", page: RoundsPage, about: ABOUT.rounds },
  { pattern: "/cohorts/:id/training", page: TrainingPage, about: ABOUT.training },
  { pattern: "/cohorts/:id/releases", page: ReleasesPage, about: ABOUT.releases },
  { pattern: "/cohorts/:id/agreement", page: AgreementPage, about: ABOUT.agreement },
  { pattern: "/cohorts/:id/bias", page: BiasPage, about: ABOUT.bias },
  { pattern: "/cohorts/:id/labour", page: LabourPage, about: ABOUT.labour },
  { pattern: "/rounds/:id/report", page: ReportPage, about: ABOUT.report },
  { pattern: "/cohorts/:id/members", page: MembersPage, about: ABOUT.members },
  { pattern: "/rounds/:id/arms", page: ArmsPage, about: ABOUT.arms },
  { pattern: "/rounds/:id/review/:roundStudy?", page: ReviewPage, about: ABOUT.review, ownKeys: true },
  { pattern: "/rounds/:id/adjudicate", page: AdjudicatePage, about: ABOUT.adjudicate },
  { pattern: "/studies/:id/draw", page: Editor, about: ABOUT.draw, ownKeys: true },
  { pattern: "/training/:id", page: TrainingRunPage, about: ABOUT.run },
  { pattern: "/models", page: ModelsPage, about: ABOUT.models },
  { pattern: "/models/compare", page: ComparePage, about: ABOUT.compare },
  { pattern: "/models/:id", page: ModelPage, about: ABOUT.model },
  { pattern: "/network", page: NetworkPage, about: ABOUT.network },
  { pattern: "/audit", page: AuditPage, about: ABOUT.audit },
  { pattern: "/tokens", page: TokensPage, about: ABOUT.tokens },
];
