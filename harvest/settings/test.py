"""Settings of the tests: the same, on a state folder and a database of their own (tests/conftest.py)."""

from harvest.settings.base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LIVER = "classical"  # the network has tests of its own, and tests import many
REGISTRATION = "rigid"  # phantoms do not bend, and tests import many
WORKERS = 1  # processes of their own would look for the tests' rows in another database
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
