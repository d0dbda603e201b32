"""URLs of /api/v1."""

from __future__ import annotations

from django.urls import include, path

from harvest.api import cohorts, session

urlpatterns = [
    path("session", session.SessionView.as_view(), name="session"),
    path("token", session.TokenView.as_view(), name="token"),
    path("cohorts", cohorts.CohortsView.as_view(), name="cohorts"),
    path("cohorts/<uuid:id>", cohorts.CohortView.as_view(), name="cohort"),
    path("", include("harvest.api.urls_review")),
]
