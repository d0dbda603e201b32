"""URLs."""

urlpatterns = []
