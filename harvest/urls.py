"""URLs: the API and its schema, STOW-RS, Django's admin, and the frontend for every other path."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from harvest import health
from harvest.api.stow import StowView
from harvest.pages import frontend

handler404 = "harvest.api.errors.not_found"
handler500 = "harvest.api.errors.server_error"

urlpatterns = [
    path("api/v1/", include("harvest.api.urls")),
    path(
        "api/schema",
        SpectacularAPIView.as_view(permission_classes=[AllowAny], authentication_classes=[]),
        name="schema",
    ),
    path("dicom-web/<uuid:id>/studies", StowView.as_view(), name="stow"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", admin.site.urls),
    re_path(r"^(?!api/|dicom-web/|static/|health/|admin/).*$", frontend, name="frontend"),
]
