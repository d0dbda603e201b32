"""URLs of imports, studies, rounds, review and lesions."""

from __future__ import annotations

from django.urls import path

from harvest.api import adjudication, imports, lesions, nudges, pictures, reviews, rounds, studies

urlpatterns = [
    path("cohorts/<uuid:id>/uploads", imports.UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:id>", imports.UploadView.as_view(), name="upload"),
    path("cohorts/<uuid:id>/imports", imports.ImportsView.as_view(), name="imports"),
    path("imports/<uuid:id>", imports.ImportView.as_view(), name="import"),
    path("imports/<uuid:id>/items", imports.ImportItemsView.as_view(), name="import-items"),
    path("imports/<uuid:id>/phases", imports.ImportPhasesView.as_view(), name="import-phases"),
    path("imports/<uuid:id>/cancel", imports.ImportCancelView.as_view(), name="import-cancel"),
    path(
        "import-items/<uuid:id>/thumbnails/<int:number>.webp",
        imports.ImportThumbnailView.as_view(),
        name="import-thumbnail",
    ),
    path("cohorts/<uuid:id>/studies", studies.StudiesView.as_view(), name="studies"),
    path("studies/<uuid:id>", studies.StudyView.as_view(), name="study"),
    path("studies/<uuid:id>/text-checked", studies.TextCheckedView.as_view(), name="text-checked"),
    path("studies/<uuid:id>/prepare", studies.PrepareView.as_view(), name="study-prepare"),
    path("studies/<uuid:id>/volumes/<slug:phase>", studies.VolumeView.as_view(), name="volume"),
    path("studies/<uuid:id>/phases/<slug:phase>/nudge", nudges.PhaseNudgeView.as_view(), name="phase-nudge"),
    path("studies/<uuid:id>/lesions", lesions.StudyLesionsView.as_view(), name="study-lesions"),
    path("lesions/<uuid:id>", lesions.LesionView.as_view(), name="lesion"),
    path("cohorts/<uuid:id>/rounds", rounds.RoundsView.as_view(), name="rounds"),
    path("rounds/<uuid:id>", rounds.RoundView.as_view(), name="round"),
    path("rounds/<uuid:id>/arms", rounds.RoundArmsView.as_view(), name="round-arms"),
    path("rounds/<uuid:id>/differing", rounds.DifferingView.as_view(), name="round-differing"),
    path("models/<uuid:id>/previews", rounds.PreviewsView.as_view(), name="model-previews"),
    path("rounds/<uuid:id>/cancel", rounds.RoundCancelView.as_view(), name="round-cancel"),
    path("rounds/<uuid:id>/next", reviews.NextStudyView.as_view(), name="review-next"),
    path("rounds/<uuid:id>/adjudication/next", adjudication.NextCaseView.as_view(), name="adjudication-next"),
    path("round-studies/<uuid:id>/adjudication", adjudication.CaseView.as_view(), name="adjudication-case"),
    path("round-studies/<uuid:id>/activity", reviews.ActivityView.as_view(), name="activity"),
    path("round-studies/<uuid:id>", reviews.RoundStudyView.as_view(), name="round-study"),
    path("round-studies/<uuid:id>/reviews", reviews.ReviewsView.as_view(), name="reviews"),
    path("round-studies/<uuid:id>/complete", reviews.CompleteView.as_view(), name="complete"),
    path("round-studies/<uuid:id>/release", reviews.ReleaseLeaseView.as_view(), name="release-lease"),
    path("candidates/<uuid:id>/tiles/<slug:phase>.webp", pictures.TileView.as_view(), name="tile"),
    path(
        "studies/<uuid:id>/slices/<slug:phase>/<int:z_index>.webp",
        pictures.WholeSliceView.as_view(),
        name="whole-slice",
    ),
]
