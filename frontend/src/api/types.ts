/** The shapes of /api/v1 by their short names; schema.ts is generated from the server's OpenAPI document
 * (`npm run types`). Lengths are mm in LPS, boxes [x, y, z], arrays (z, y, x). */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Id = string;
export type Vec3 = [number, number, number];
export type Phase = string;
export type WindowName = "liver" | "soft_tissue" | "lung" | "bone" | "own";

export type JobState = Schemas["JobState"];
export type Role = Schemas["Role"];
export type Split = Schemas["Split"];
export type ModelKind = Schemas["ModelKind"];
export type LesionClass = Schemas["LesionClass"] | "";
export type Outcome = Schemas["ImportOutcome"];
export type Verdict = Schemas["Verdict"];
export type StudyVerdict = Extract<Verdict, "no_lesion" | "missed">;
export type CandidateVerdict = Exclude<Verdict, StudyVerdict>;

export type User = Schemas["SessionUser"];
export type Session = Schemas["Session"];
export type ApiToken = Schemas["Token"];
export type IssuedToken = Schemas["IssuedToken"];
export type TokenScope = Schemas["TokenScope"];
export type Member = Schemas["Member"];
export type Members = Schemas["Members"];
export type AuditAction = Schemas["AuditAction"];
export type AuditEvent = Schemas["AuditEvent"];
export type Preferences = Schemas["Preferences"];
export type Cohort = Schemas["Cohort"];
export type Dashboard = Schemas["Dashboard"];
export type Estimate = Schemas["Estimate"];
/** An estimate that was made: all of it is there. */
export type Measured = { [K in keyof Estimate]: number };
export type Need = Schemas["Need"];
export type ImportJob = Schemas["ImportJob"];
export type ImageArchive = Schemas["Archive"];
export type FoundInArchive = Schemas["FoundInArchive"];
export type ArchiveFound = Schemas["ArchiveFound"];
export type Listener = Schemas["Listener"];
export type DicomSender = Schemas["DicomSender"];
export type ImportItem = Schemas["ImportItem"];
export type RowState = Schemas["RowState"];
export type LabelRow = Schemas["LabelRow"];
export type LabelPreview = Schemas["LabelPreview"];
export type LabelImport = Schemas["LabelImport"];
export type LabelsApplied = Schemas["LabelsApplied"];
export type LabelsUndone = Schemas["LabelsUndone"];
export type Geometry = Schemas["Geometry"];
export type Study = Schemas["Study"];
export type StudyDetail = Schemas["StudyDetail"];
export type PhaseNudge = Schemas["PhaseNudge"];
export type UploadContent = Schemas["UploadContent"];
export type Characterization = Schemas["Characterization"];
export type Lesion = Schemas["Lesion"];
export type HarvestRound = Schemas["HarvestRound"];
export type RoundReport = Schemas["RoundReport"];
export type ReportPoint = Schemas["ReportPoint"];
export type DifferingStudy = Schemas["DifferingStudy"];
export type Strategy = Schemas["Strategy"];
export type Arm = Schemas["Arm"];
export type Why = Schemas["Why"];
export type Tile = Schemas["Tile"];
export type Candidate = Schemas["Candidate"];
export type ReviewStudy = Schemas["ReviewStudy"];
export type AdjudicationCase = Schemas["AdjudicationCase"];
export type ReaderBox = Schemas["ReaderBox"];
export type NextCase = Schemas["NextCase"];
export type NextStudy = Schemas["NextStudy"];
export type Review = Schemas["Review"];
export type ModelVersion = Schemas["ModelVersion"];
export type Judgement = Required<Schemas["Judgement"]>;
export type Judged = Schemas["GatedFigure"];
export type Promotion = Required<Schemas["Promotion"]>;
export type WayBack = Schemas["WayBack"];
export type ImportedVersion = Schemas["ImportedVersion"];
export type Chain = Required<Schemas["Chain"]>;
export type Comparison = Schemas["Comparison"];
/* The server always fills what its models have defaults for; the document marks such fields as optional. */
export type TrainingRun = Required<Schemas["TrainingRunSummary"]>;
export type ColdStart = Required<Schemas["ColdStart"]>;
export type TrainingRunDetail = Required<Schemas["TrainingRun"]>;
export type Outlook = Required<Schemas["Outlook"]>;
export type ScheduleOutlook = Required<Schemas["ScheduleOutlook"]>;
export type Condition = Schemas["Condition"];
export type Schedule = Required<Schemas["Schedule"]>;
export type Release = Required<Schemas["Release"]>;
export type ReleaseExport = Schemas["Export"];
export type ExportFormat = Schemas["Format"];
export type Policy = Schemas["Policy"];
export type Verified = Schemas["Verified"];
export type ReleaseDiff = Schemas["ReleaseDiff"];

export type Agreement = Schemas["Agreement"];
export type AgreementRow = Schemas["AgreementRow"];
export type Share = Schemas["Share"];
export type AutomationBias = Schemas["Bias"];
export type BiasFigures = Schemas["BiasFigures"];
export type Lead = Schemas["Lead"];
export type LabourLedger = Schemas["Labour"];
export type LabourRow = Schemas["LabourRow"];
export type Saved = Schemas["Saved"];

export interface Page<T> {
  next: string | null;
  previous: string | null;
  results: T[];
}
