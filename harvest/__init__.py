"""Harvest: who reviews what, what is curated, what is trained, what is exported."""
