"""URLs of /api/v1."""

from __future__ import annotations

from django.urls import include, path

from harvest.api import (
    agreement,
    cohorts,
    dashboard,
    labels,
    labour,
    models,
    monitoring,
    preferences,
    releases,
    schedules,
    session,
    training,
)

urlpatterns = [
    path("session", session.SessionView.as_view(), name="session"),
    path("token", session.TokenView.as_view(), name="token"),
    path("me/preferences", preferences.PreferencesView.as_view(), name="preferences"),
    path("cohorts", cohorts.CohortsView.as_view(), name="cohorts"),
    path("cohorts/<uuid:id>", cohorts.CohortView.as_view(), name="cohort"),
    path("cohorts/<uuid:id>/dashboard", dashboard.DashboardView.as_view(), name="dashboard"),
    path("cohorts/<uuid:id>/agreement", agreement.AgreementView.as_view(), name="agreement"),
    path("cohorts/<uuid:id>/bias", agreement.BiasView.as_view(), name="bias"),
    path("cohorts/<uuid:id>/labour", labour.LabourView.as_view(), name="labour"),
    path("cohorts/<uuid:id>/labour.csv", labour.LabourTableView.as_view(), name="labour-table"),
    path("cohorts/<uuid:id>/labels", labels.LabelsView.as_view(), name="labels"),
    path("cohorts/<uuid:id>/labels/preview", labels.LabelPreviewView.as_view(), name="labels-preview"),
    path("labels/<uuid:id>/undo", labels.LabelUndoView.as_view(), name="labels-undo"),
    path("models", models.ModelsView.as_view(), name="models"),
    path("models/compare", models.CompareView.as_view(), name="models-compare"),
    path("models/<uuid:id>", models.ModelView.as_view(), name="model"),
    path("models/<uuid:id>/promote", models.PromoteView.as_view(), name="model-promote"),
    path("cohorts/<uuid:id>/training-runs", training.TrainingRunsView.as_view(), name="training-runs"),
    path("cohorts/<uuid:id>/cold-start", training.ColdStartView.as_view(), name="cold-start"),
    path("training-runs/<uuid:id>", training.TrainingRunView.as_view(), name="training-run"),
    path("training-runs/<uuid:id>/resume", training.TrainingRunResumeView.as_view(), name="training-resume"),
    path("training-runs/<uuid:id>/cancel", training.TrainingRunCancelView.as_view(), name="training-cancel"),
    path("training-runs/<uuid:id>/events", training.TrainingRunEventsView.as_view(), name="training-events"),
    path("metrics", monitoring.MetricsView.as_view(), name="metrics"),
    path("cohorts/<uuid:id>/schedules", schedules.SchedulesView.as_view(), name="schedules"),
    path("schedules/<uuid:id>/dry-run", schedules.ScheduleDryRunView.as_view(), name="schedule-dry-run"),
    path(
        "cohorts/<uuid:id>/training-runs/dry-run",
        schedules.TrainingDryRunView.as_view(),
        name="training-dry-run",
    ),
    path("schedules/<uuid:id>", schedules.ScheduleView.as_view(), name="schedule"),
    path("cohorts/<uuid:id>/releases", releases.ReleasesView.as_view(), name="releases"),
    path("releases/<uuid:id>", releases.ReleaseView.as_view(), name="release"),
    path("releases/<uuid:id>/diff", releases.ReleaseDiffView.as_view(), name="release-diff"),
    path("releases/<uuid:id>/export", releases.ReleaseExportView.as_view(), name="release-export"),
    path("", include("harvest.api.urls_network")),
    path("", include("harvest.api.urls_review")),
]
