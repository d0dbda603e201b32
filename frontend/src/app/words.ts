/** Names that programs give, in the reader's words. */
import { t } from "../i18n/t";

const WORDS: Record<string, string> = {
  // Phases.
  non_contrast: t("non contrast"),
  arterial: t("arterial"),
  portal_venous: t("portal venous"),
  delayed: t("delayed"),
  axial: t("axial"),
  coronal: t("coronal"),
  sagittal: t("sagittal"),
  // Classes of lesions.
  hcc: t("HCC"),
  icc: t("ICC"),
  fnh: t("FNH"),
  metastasis: t("metastasis"),
  haemangioma: t("haemangioma"),
  adenoma: t("adenoma"),
  cyst: t("cyst"),
  malignant: t("malignant"),
  benign: t("benign"),
  // Verdicts.
  primary_lesion: t("primary lesion"),
  other_lesion: t("other lesion"),
  not_a_lesion: t("not a lesion"),
  unsure: t("unsure"),
  no_lesion: t("no lesion"),
  missed: t("missed"),
  // States of jobs, of what was imported and of rows of a table.
  queued: t("queued"),
  waiting: t("waiting"),
  running: t("running"),
  succeeded: t("succeeded"),
  failed: t("failed"),
  cancelled: t("cancelled"),
  taken: t("taken"),
  duplicate: t("duplicate"),
  refused: t("refused"),
  phases_needed: t("phases needed"),
  ready: t("ready"),
  question: t("question"),
  unchanged: t("unchanged"),
  skipped: t("skipped"),
  error: t("error"),
  // Kinds of models and what a version is judged by.
  detector: t("detector"),
  key_slice_filter: t("key slice filter"),
  characterizer: t("characterizer"),
  liver_segmenter: t("liver segmenter"),
  // What a running training tells.
  loss: t("loss"),
  heatmap: t("heatmap"),
  size: t("size"),
  offset: t("offset"),
  hard_negative: t("hard negatives"),
  segment: t("segmentation"),
  classify: t("classification"),
  accuracy: t("accuracy"),
  lr: t("learning rate"),
  p1td_1: "P1TD-1",
  p1td_10: "P1TD-10",
  samples_per_s: t("samples a second"),
  loader_share: t("share of time waiting for data"),
  memory_gib: t("peak memory, GiB"),
  // What a study is for.
  pool: t("pool"),
  gold: t("gold"),
  // What a release holds.
  studies: t("studies"),
  lesions: t("lesions"),
  // Procedures.
  resection: t("resection"),
  biopsy: t("biopsy"),
  transplantation: t("transplantation"),
  ablation: t("ablation"),
  imaging: t("imaging"),
  other: t("other"),
  // Where a phase's name and an import come from.
  name: t("name"),
  image: t("image"),
  upload: t("upload"),
  command: t("command"),
  archive: t("archive"),
  // Roles.
  clinician: t("clinician"),
  data_manager: t("data manager"),
  ml_engineer: t("ML engineer"),
  admin: t("admin"),
  // What the audit trail tells apart.
  sign_in: t("sign-in"),
  sign_out: t("sign-out"),
  token: t("token"),
  members: t("members"),
  people: t("people"),
  promote: t("promotion"),
  release: t("release"),
  export: t("export"),
  change: t("change"),
  access: t("access"),
  done: t("done"),
  // Where a lesion comes from.
  review: t("review"),
  drawn: t("drawn"),
  imported: t("imported"),
};

/** "portal_venous" as "portal venous", "hcc" as "HCC"; a name that has no words of its own without its lines. */
export function words(name: string): string {
  return (Object.hasOwn(WORDS, name) && WORDS[name]) || name.replaceAll("_", " ");
}
