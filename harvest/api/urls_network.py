"""URLs of the network side of import."""

from __future__ import annotations

from django.urls import path

from harvest.api import archives, senders

urlpatterns = [
    path("archives", archives.ArchivesView.as_view(), name="archives"),
    path("archives/<uuid:id>", archives.ArchiveView.as_view(), name="archive"),
    path("archives/<uuid:id>/test", archives.ArchiveTestView.as_view(), name="archive-test"),
    path("archives/<uuid:id>/search", archives.ArchiveSearchView.as_view(), name="archive-search"),
    path("cohorts/<uuid:id>/pulls", archives.PullsView.as_view(), name="pulls"),
    path("listener", senders.ListenerView.as_view(), name="listener"),
    path("dicom-senders", senders.DicomSendersView.as_view(), name="dicom-senders"),
    path("dicom-senders/<uuid:id>", senders.DicomSenderView.as_view(), name="dicom-sender"),
    path("dicom-senders/<uuid:id>/test", senders.DicomSenderTestView.as_view(), name="dicom-sender-test"),
]
