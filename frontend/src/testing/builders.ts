/** Small studies and candidates for tests. */
import type { Candidate, ReviewStudy } from "../api/types";

export function aCandidate(id: string, rank: number): Candidate {
  return {
    id,
    rank,
    lo: [10, -20, 40],
    hi: [30, 0, 60],
    score: 0.9 - rank / 10,
    phase_scores: { arterial: 0.5, portal_venous: 0.8 },
    key_z_index: 10,
    primary_score: null,
    suggested_primary: false,
    verdict: null,
    review_id: null,
    absent_phases: [],
    tile: {
      first_z_index: 7,
      count: 7,
      key_offset: 3,
      width: 192,
      height: 192,
      mm_per_px: 0.5,
      crop_lo: [-28, -58],
      crop_hi: [68, 38],
    },
  };
}

export function aReviewStudy(rest: Partial<ReviewStudy> = {}): ReviewStudy {
  return {
    id: "rs1",
    round: "r1",
    study: {
      id: "s1",
      subject: "a1b2c3",
      lesion_class: "hcc",
      reference_phase: "portal_venous",
      phases: ["arterial", "portal_venous"],
      phase_flags: {},
      phase_nudges_mm: {},
      image_revisions: { arterial: 0, portal_venous: 0 },
      geometry: {
        frame: "LPS",
        unit: "mm",
        frame_of_reference_uid: "",
        shape_zyx: [20, 128, 128],
        spacing_xyz_mm: [2, 2, 5],
        origin_xyz_mm: [-127, -127, 2.5],
      },
      has_liver: true,
      preparation: "ready",
      preparation_error: null,
      suspected_text: {},
    },
    queue_state: "leased",
    reviewed_at: null,
    from_scratch: false,
    candidates: [],
    study_verdict: null,
    lesions: [],
    why: { model_version: "detector-v1", strategy: "score", score: 0.8, stratum: "", random_share: 0.1 },
    ...rest,
  };
}
