"""The rows. Reads live in selectors, writes in services."""

from harvest.models.access import ApiToken, Membership
from harvest.models.audit import AuditEvent
from harvest.models.candidate import Candidate
from harvest.models.characterization import Characterization
from harvest.models.cohort import Cohort, Outcome, Subject
from harvest.models.judgement import GoldAnswer, Judgement, Promotion
from harvest.models.label import LabelImport
from harvest.models.labour import Activity, Labour
from harvest.models.lesion import Lesion
from harvest.models.network import ArchivePull, DicomSender, ImageArchive, ReceivedStudy
from harvest.models.nudge import PhaseNudge
from harvest.models.preferences import Preferences
from harvest.models.reading import Reading
from harvest.models.release import DatasetRelease, ReleaseExport
from harvest.models.report import ReportPoint, RoundReport
from harvest.models.review import Review
from harvest.models.round import HarvestRound, RoundStudy
from harvest.models.study import ImportItem, ImportJob, Series, Study
from harvest.models.training import (
    DeviceLease,
    ModelVersion,
    TrainingChain,
    TrainingHost,
    TrainingRun,
    TrainingSchedule,
    TrustedInstallation,
)

__all__ = [
    "Activity",
    "ApiToken",
    "ArchivePull",
    "AuditEvent",
    "Candidate",
    "Characterization",
    "Cohort",
    "DatasetRelease",
    "DeviceLease",
    "DicomSender",
    "GoldAnswer",
    "HarvestRound",
    "ImageArchive",
    "ImportItem",
    "ImportJob",
    "Judgement",
    "LabelImport",
    "Labour",
    "Lesion",
    "Membership",
    "ModelVersion",
    "Outcome",
    "PhaseNudge",
    "Preferences",
    "Promotion",
    "Reading",
    "ReceivedStudy",
    "ReleaseExport",
    "ReportPoint",
    "Review",
    "RoundReport",
    "RoundStudy",
    "Series",
    "Study",
    "Subject",
    "TrainingChain",
    "TrainingHost",
    "TrainingRun",
    "TrainingSchedule",
    "TrustedInstallation",
]
