"""The rows. Reads live in selectors, writes in services."""

from harvest.models.access import ApiToken, Membership
from harvest.models.audit import AuditEvent
from harvest.models.candidate import Candidate
from harvest.models.characterization import Characterization
from harvest.models.cohort import Cohort, Outcome, Subject
from harvest.models.label import LabelImport
from harvest.models.labour import Activity, Labour
from harvest.models.lesion import Lesion
from harvest.models.network import ArchivePull, DicomSender, ImageArchive, ReceivedStudy
from harvest.models.nudge import PhaseNudge
from harvest.models.preferences import Preferences
from harvest.models.reading import Reading
from harvest.models.release import DatasetRelease
from harvest.models.review import Review
from harvest.models.round import HarvestRound, RoundStudy
from harvest.models.study import ImportItem, ImportJob, Series, Study
from harvest.models.training import (
    DeviceLease,
    ModelVersion,
    TrainingHost,
    TrainingRun,
    TrainingSchedule,
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
    "HarvestRound",
    "ImageArchive",
    "ImportItem",
    "ImportJob",
    "LabelImport",
    "Labour",
    "Lesion",
    "Membership",
    "ModelVersion",
    "Outcome",
    "PhaseNudge",
    "Preferences",
    "Reading",
    "ReceivedStudy",
    "Review",
    "RoundStudy",
    "Series",
    "Study",
    "Subject",
    "TrainingHost",
    "TrainingRun",
    "TrainingSchedule",
]
