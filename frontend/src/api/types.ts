/** The shapes of /api/v1. Lengths are mm in LPS, boxes [x, y, z], arrays (z, y, x). */

export type Id = string;
export type Vec3 = [number, number, number];
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";
export type Role = "clinician" | "data_manager" | "ml_engineer" | "admin";
export type Split = "pool" | "gold";
export type ModelKind = "detector" | "key_slice_filter" | "characterizer";
export type CandidateVerdict = "primary_lesion" | "other_lesion" | "not_a_lesion" | "unsure";
export type StudyVerdict = "no_lesion" | "missed";
export type Verdict = CandidateVerdict | StudyVerdict;
export type Outcome = "taken" | "duplicate" | "refused" | "phases_needed";
export type Phase = string;
export type LesionClass = string;
export type WindowName = "liver" | "soft_tissue" | "lung" | "bone" | "own";

export interface Page<T> {
  next: string | null;
  previous: string | null;
  results: T[];
}

export interface ErrorBody {
  code: string;
  message: string;
  details: Record<string, unknown>;
}

export interface User {
  username: string;
  roles: Role[];
}

export interface Session {
  user: User | null;
  version: string;
}

export interface Cohort {
  id: Id;
  name: string;
  description: string;
  created_at: string;
  score_threshold: number;
  max_candidates: number;
  counts: { studies: number; pool: number; gold: number };
}

export interface Estimate {
  value: number;
  lo: number;
  hi: number;
  n: number;
}

export interface Need {
  kind: string;
  count: number;
  text: string;
}

export interface JobLine {
  id: Id;
  kind: "import" | "round" | "training";
  state: JobState;
  done: number;
  total: number;
  text: string;
}

export interface Dashboard {
  strip: {
    imported: number;
    proposed: number;
    reviewed: number;
    curated: number;
    trained: number;
    released: number;
  };
  needs: Need[];
  lesions_by_class: { lesion_class: LesionClass; count: number }[];
  minutes_by_reader: { reader: string; minutes: number; studies: number; seconds_a_study: number | null }[];
  forecast_minutes: number | null;
  versions: {
    id: Id;
    name: string;
    kind: ModelKind;
    promoted: boolean;
    round_numbers: number[];
    created_at: string;
    p1td_1: Estimate | null;
    p1td_10: Estimate | null;
    mean_f1: Estimate | null;
  }[];
  jobs: JobLine[];
}

export interface ImportJob {
  id: Id;
  state: JobState;
  total: number;
  done: number;
  created_at: string;
  finished_at: string | null;
  error: ErrorBody | null;
  owner: string | null;
  counts: Record<Outcome, number>;
  split: Split;
}

export interface ImportItem {
  id: Id;
  ordinal: number;
  outcome: Outcome;
  study: Id | null;
  code: string;
  message: string;
  remedy: string;
  details: Record<string, unknown>;
  relative_path: string;
}

/** A volume's grid: spacing and origin (centre of voxel 0) in mm, (x, y, z); shape (z, y, x). */
export interface Geometry {
  shape_zyx: Vec3;
  spacing_xyz_mm: Vec3;
  origin_xyz_mm: Vec3;
}

export interface Study {
  id: Id;
  ordinal: number;
  subject: string;
  split: Split;
  lesion_class: LesionClass;
  reference_phase: Phase;
  phases: Phase[];
  geometry: Geometry;
  has_liver: boolean;
  lesions: number;
  created_at: string;
}

export interface Lesion {
  id: Id;
  source: "review" | "drawn" | "imported";
  lo: Vec3;
  hi: Vec3;
  primary: boolean;
  lesion_class: LesionClass;
  absent_phases: Phase[];
  reader: string | null;
  size_mm: Vec3;
  retired_at: string | null;
  replaces: Id | null;
}

export interface StudyDetail extends Omit<Study, "lesions"> {
  series: { phase: Phase; geometry: Geometry; registration: Record<string, unknown> }[];
  lesions: Lesion[];
  round_study: Id | null;
}

export interface HarvestRound {
  id: Id;
  number: number;
  state: JobState;
  model_version: { id: Id; name: string };
  total: number;
  done: number;
  failed: number;
  candidates: number;
  reviewed: number;
  created_at: string;
  finished_at: string | null;
  error: ErrorBody | null;
  failures: { study: Id; ordinal: number; code: string; message: string }[];
}

/** A sprite of `count` neighbouring slices, first to last from top to bottom, each width x height px. */
export interface Tile {
  first_z_index: number;
  count: number;
  key_offset: number;
  width: number;
  height: number;
  mm_per_px: number;
  crop_lo: number[];
  crop_hi: number[];
}

export interface Candidate {
  id: Id;
  rank: number;
  lo: Vec3;
  hi: Vec3;
  score: number;
  phase_scores: Record<Phase, number>;
  key_z_index: number;
  primary_score: number | null;
  suggested_primary: boolean;
  verdict: CandidateVerdict | null;
  review_id: Id | null;
  tile: Tile;
}

export interface ReviewStudy {
  id: Id;
  round: Id;
  study: Pick<
    Study,
    "id" | "ordinal" | "subject" | "lesion_class" | "reference_phase" | "phases" | "geometry" | "has_liver"
  >;
  queue_state: "pending" | "leased" | "done";
  reviewed_at: string | null;
  position: number;
  candidates: Candidate[];
  study_verdict: { verdict: StudyVerdict; review_id: Id } | null;
  lesions: Lesion[];
  why: { model_version: string; strategy: string; score: number | null };
}

export interface NextStudy {
  study: ReviewStudy | null;
  ahead: ReviewStudy[];
  remaining: number;
  reviewed: number;
}

export interface Review {
  id: Id;
  candidate: Id | null;
  verdict: Verdict | "";
  undoes: Id | null;
  created_at: string;
}

export interface ModelVersion {
  id: Id;
  name: string;
  kind: ModelKind;
  number: number;
  registry_name: string;
  promoted: boolean;
  metrics: Record<string, unknown>;
  plan: Record<string, unknown>;
  provenance: Record<string, unknown>;
  card: string;
  parent: Id | null;
  release: Id | null;
  created_at: string;
  weights_sha256: string;
}

export interface Comparison {
  a: ModelVersion;
  b: ModelVersion;
  differences: { metric: string; a: Estimate | null; b: Estimate | null; difference: Estimate | null }[];
}

export interface TrainingRun {
  id: Id;
  kind: ModelKind;
  size: string;
  state: JobState;
  step: number;
  total: number;
  values: Record<string, number>;
  message: string;
  reason: string;
  error: ErrorBody | null;
  started_at: string | null;
  finished_at: string | null;
  heartbeat_at: string | null;
  release: { id: Id; number: number } | null;
  result: { id: Id; name: string } | null;
  owner: string | null;
  created_at?: string;
}

export interface TrainingRunDetail extends TrainingRun {
  curve: { step: number; values: Record<string, number> }[];
  log_tail: string[];
}

export interface Schedule {
  id: Id;
  kinds: ModelKind[];
  size: string;
  overrides: Record<string, unknown>;
  every_minutes: number;
  enabled: boolean;
  last_outcome: string;
  last_fired_at: string | null;
}

export interface Release {
  id: Id;
  number: number;
  manifest_sha256: string;
  counts: Record<string, unknown>;
  note: string;
  created_at: string;
}

export interface ReleaseDiff {
  added: unknown[];
  removed: unknown[];
  moved: unknown[];
  relabelled: unknown[];
}
