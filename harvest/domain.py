"""The field's words as enums and pure rules; no ORM, no framework."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import NamedTuple


class Modality(StrEnum):
    CT = "CT"
    MR = "MR"
    US = "US"


class Phase(StrEnum):
    """Contrast phases of liver CT; other modalities bring their own vocabulary in PHASES."""

    NON_CONTRAST = "non_contrast"
    ARTERIAL = "arterial"
    PORTAL_VENOUS = "portal_venous"
    DELAYED = "delayed"


PHASES: dict[Modality, tuple[str, ...]] = {
    Modality.CT: tuple(Phase),
    Modality.MR: ("t1_pre", "arterial", "portal_venous", "transitional", "hepatobiliary", "t2", "dwi"),
    Modality.US: ("b_mode", "arterial", "portal_venous", "late"),
}


class LesionClass(StrEnum):
    """Leaves and inner nodes of the tree of lesion classes; LESION_TREE says who is whose child."""

    MALIGNANT = "malignant"
    HCC = "hcc"
    ICC = "icc"
    METASTASIS = "metastasis"
    BENIGN = "benign"
    HAEMANGIOMA = "haemangioma"
    FNH = "fnh"
    ADENOMA = "adenoma"
    CYST = "cyst"


LESION_TREE: dict[LesionClass, LesionClass] = {
    LesionClass.HCC: LesionClass.MALIGNANT,
    LesionClass.ICC: LesionClass.MALIGNANT,
    LesionClass.METASTASIS: LesionClass.MALIGNANT,
    LesionClass.HAEMANGIOMA: LesionClass.BENIGN,
    LesionClass.FNH: LesionClass.BENIGN,
    LesionClass.ADENOMA: LesionClass.BENIGN,
    LesionClass.CYST: LesionClass.BENIGN,
}
FOUR_CLASS = (LesionClass.HCC, LesionClass.ICC, LesionClass.METASTASIS, LesionClass.BENIGN)
TWO_CLASS = (LesionClass.MALIGNANT, LesionClass.BENIGN)


def in_view(lesion_class: str | None, view: tuple[LesionClass, ...]) -> LesionClass | None:
    """The member of a named view (FOUR_CLASS, TWO_CLASS) that a class falls under, None where there is none.

    >>> in_view("fnh", FOUR_CLASS)
    <LesionClass.BENIGN: 'benign'>
    """
    node = LesionClass(lesion_class) if lesion_class else None
    while node is not None and node not in view:
        node = LESION_TREE.get(node)
    return node


class Verdict(StrEnum):
    """What a reader says: of a candidate, or (the last two) of a whole study."""

    PRIMARY_LESION = "primary_lesion"
    OTHER_LESION = "other_lesion"
    NOT_A_LESION = "not_a_lesion"
    UNSURE = "unsure"
    NO_LESION = "no_lesion"
    MISSED = "missed"


CANDIDATE_VERDICTS = frozenset(
    {Verdict.PRIMARY_LESION, Verdict.OTHER_LESION, Verdict.NOT_A_LESION, Verdict.UNSURE}
)
STUDY_VERDICTS = frozenset({Verdict.NO_LESION, Verdict.MISSED})


class Role(StrEnum):
    """Roles of people; each is a Django group of the same name. An admin may do everything."""

    CLINICIAN = "clinician"
    DATA_MANAGER = "data_manager"
    ML_ENGINEER = "ml_engineer"
    ADMIN = "admin"


class TokenScope(StrEnum):
    """What a script's token may do: ask, or also change what its owner may change."""

    READ = "read"
    WRITE = "write"


class AuditAction(StrEnum):
    """What the audit trail tells apart; CHANGE is every change that has no word of its own."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    TOKEN = "token"  # noqa: S105
    MEMBERS = "members"
    PEOPLE = "people"
    PROMOTE = "promote"
    RELEASE = "release"
    EXPORT = "export"
    REVIEW = "review"
    CHANGE = "change"
    ACCESS = "access"
    COMMAND = "command"


class AuditOutcome(StrEnum):
    """How it ended: refused to the one who asked, or failed by itself."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Language(StrEnum):
    """Languages of the pages, by their tags (BCP 47)."""

    ENGLISH = "en"
    FRENCH = "fr"
    CHINESE = "zh"


class Split(StrEnum):
    """Of a subject, never of a study: POOL is harvested and trained on, GOLD only ever judged on."""

    POOL = "pool"
    GOLD = "gold"


class LesionSource(StrEnum):
    REVIEW = "review"
    DRAWN = "drawn"
    IMPORTED = "imported"


class ModelKind(StrEnum):
    DETECTOR = "detector"
    KEY_SLICE_FILTER = "key_slice_filter"
    CHARACTERIZER = "characterizer"
    LIVER_SEGMENTER = "liver_segmenter"


# Those that learn from lesions, and are retrained as more are curated; livers come with their studies.
LESION_KINDS = (ModelKind.DETECTOR, ModelKind.KEY_SLICE_FILTER, ModelKind.CHARACTERIZER)


class LiverSource(StrEnum):
    """Who outlined a study's liver (detector.ingest.liver); NONE: nobody, the whole volume is meant."""

    SUPPLIED = "supplied"
    NETWORK = "network"
    CLASSICAL = "classical"
    TOTALSEGMENTATOR = "totalsegmentator"
    NONE = "none"


class JobState(StrEnum):
    """States of an import, a round, a study of a round and a training run: docs/reference/states.md."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class ImportOutcome(StrEnum):
    """What came of a thing that an import found; WAITING until it has been looked at."""

    WAITING = "waiting"
    TAKEN = "taken"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    PHASES_NEEDED = "phases_needed"


class PreparationState(StrEnum):
    """Whether a study's phases lie on one grid; a lost worker's RUNNING is taken up again."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


# A study whose worker is lost this often is given up: it would only take the next one with it.
MAX_TRIES = 3


class ImportSource(StrEnum):
    """Which way an import's files came."""

    UPLOAD = "upload"
    COMMAND = "command"
    ARCHIVE = "archive"
    STOW = "stow"
    DICOM = "dicom"


class PhaseSource(StrEnum):
    """How a series' phase is known: a person said it, its name tells it, or its image does."""

    SAID = "said"
    NAME = "name"
    IMAGE = "image"


# In the details of an import item: its text may hold the name of a file, which only who imports may read.
NAMES_FILES = "names_files"
# There, too: what a person said of this study's series, by series.
SAID_PHASES = "said_phases"


class Procedure(StrEnum):
    """What a pathology label comes from. An enumeration, since free text may hold a name."""

    RESECTION = "resection"
    BIOPSY = "biopsy"
    TRANSPLANTATION = "transplantation"
    ABLATION = "ablation"
    IMAGING = "imaging"
    OTHER = "other"


# The kind of the outcome that a label's procedure is kept as.
PROCEDURE_OUTCOME = "procedure"


class RowState(StrEnum):
    """What becomes of a row of a table of labels."""

    READY = "ready"
    QUESTION = "question"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    ERROR = "error"


class LabelRow(NamedTuple):
    """One row: whose, which class, when (both as they are kept: a pseudonym and a shifted date), by what."""

    number: int
    pseudonym: str
    lesion_class: LesionClass
    on: date
    procedure: Procedure | None


class RowProblem(NamedTuple):
    """What is wrong with a row; the message quotes nothing of it."""

    number: int
    code: str
    message: str


class NudgeState(StrEnum):
    """Whether a phase's image is as its latest nudge says: it is, it is being made, it could not be made."""

    SHOWN = "shown"
    PENDING = "pending"
    FAILED = "failed"


class Strategy(StrEnum):
    """What decides which study of a round is read next; RANDOM is also the arm that runs beside each."""

    SCORE = "score"
    FOREGROUND = "foreground"
    UNCERTAINTY = "uncertainty"
    DISAGREEMENT = "disagreement"
    RANDOM = "random"


class QueueState(StrEnum):
    """A reading in the queue, and the study of a round as a whole: DONE once all its readings are."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"


class ReadingPolicy(StrEnum):
    """How many read a study of a round: one, two who do not see each other, or two and an adjudicator of
    what they differ in."""

    ONE = "one"
    TWO = "two"
    TWO_ADJUDICATED = "two_adjudicated"


# The number of the reading in which an adjudicator decides; blind readings count from 1.
ADJUDICATION = 0


class ReadingMode(StrEnum):
    """What a reader's time goes into."""

    CLICK = "click"
    DRAW = "draw"
    ADJUDICATE = "adjudicate"


class HiddenCase(StrEnum):
    """A gold study among those to be read: as it is, without the candidates that hit one of its lesions, or
    with a candidate where nothing is. What is said of it measures the reader and nothing else."""

    PLAIN = "plain"
    WITHHELD = "withheld"
    INVENTED = "invented"


class CandidateKind(StrEnum):
    """Where a candidate comes from. A WITHHELD one of a hidden case is shown to nobody."""

    MODEL = "model"
    WITHHELD = "withheld"
    INVENTED = "invented"


class TrainingSource(StrEnum):
    """What a training learns from: a frozen release, synthetic lesions in unmarked studies, or a release
    together with what detectors that did not see a study found in it."""

    RELEASE = "release"
    SYNTHETIC = "synthetic"
    OUT_OF_FOLD = "out_of_fold"


class PromotionGround(StrEnum):
    """Why a version came into use: nothing was before it, the gate let it through, a person gave a reason
    though the gate did not, or it was in use before."""

    FIRST = "first"
    GATE = "gate"
    REASON = "reason"
    ROLLBACK = "rollback"


class ReportArm(StrEnum):
    """Which studies a point of a round's report learned from: all that were read, or those chance drew."""

    ALL = "all"
    RANDOM = "random"


class ChainOutcome(StrEnum):
    """How a chain of trainings ended."""

    COMPLETE = "complete"
    REFUSED = "refused"
    NOT_JUDGED = "not_judged"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Condition(StrEnum):
    """What a schedule waits for: its time alone, or new lesions, hours of review, or readers who take the
    detector's best candidate for a lesion less often than they should."""

    EVERY = "every"
    LESIONS = "lesions"
    REVIEW_HOURS = "review_hours"
    AGREEMENT = "agreement"


def is_quiet(at: time, since: time | None, until: time | None) -> bool:
    """Whether a time of day lies in quiet hours, which may go over midnight; without hours none does.

    >>> [is_quiet(time(hour), time(22), time(6)) for hour in (21, 23, 5, 6)]
    [False, True, True, False]
    """
    if since is None or until is None:
        return False
    return since <= at < until if since <= until else at >= since or at < until


class TrainingRole(NamedTuple):
    """What one mark is to one trainer. role: positive, negative, ignored, or None (left out)."""

    role: str | None
    primary: bool = False


def training_role(verdict: Verdict, kind: ModelKind, *, has_class: bool) -> TrainingRole:
    """What a verdict means to a trainer (the table in docs/reference/verdicts.md).

    `has_class`: the lesion has a class of its own (for OTHER_LESION and the characterizer). Study verdicts
    are not marks: NO_LESION makes a complete study without positives, MISSED says a drawn lesion follows.
    """
    match (verdict, kind):
        case (_, ModelKind.LIVER_SEGMENTER):
            return TrainingRole(None)  # it learns from liver masks alone
        case (Verdict.PRIMARY_LESION, _):
            return TrainingRole("positive", primary=True)
        case (Verdict.OTHER_LESION, ModelKind.DETECTOR):
            return TrainingRole("positive")
        case (Verdict.OTHER_LESION, ModelKind.KEY_SLICE_FILTER):
            return TrainingRole("negative")
        case (Verdict.OTHER_LESION, ModelKind.CHARACTERIZER):
            return TrainingRole("positive" if has_class else None)
        case (Verdict.NOT_A_LESION, ModelKind.DETECTOR | ModelKind.KEY_SLICE_FILTER):
            return TrainingRole("negative")
        case (Verdict.UNSURE, ModelKind.DETECTOR):
            return TrainingRole("ignored")
        case _:
            return TrainingRole(None)
