"""Matching, P1TD, FROC, accuracy and their bootstrap intervals."""
