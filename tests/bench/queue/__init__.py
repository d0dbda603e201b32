"""The review queue under load, and Label Studio under the same."""
