"""Importing this sets up Django on the installation that the environment names."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"

import django

django.setup()
