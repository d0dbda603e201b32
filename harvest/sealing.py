"""Texts that may name a person, sealed before they go into the database.

The key lies in the state folder's secrets, outside the database: a dump of the database alone names nobody.
`cryptography`'s Fernet: AES-128-CBC with HMAC-SHA256 and a random nonce, so equal texts do not look equal and
sealed columns cannot be searched.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models

UNREADABLE = "(sealed with another key)"


@lru_cache(maxsize=2)
def _box(key: bytes) -> Fernet:
    return Fernet(key)


def seal(text: str) -> str:
    """The text as it may be stored; "" stays ""."""
    return (
        _box(settings.SEALING_KEY).encrypt(text.encode("utf-8", "surrogateescape")).decode() if text else ""
    )


def unseal(sealed: str) -> str:
    """The text again; a fixed phrase where the key is not the one it was sealed with."""
    if not sealed:
        return ""
    try:
        return _box(settings.SEALING_KEY).decrypt(sealed.encode()).decode("utf-8", "surrogateescape")
    except InvalidToken:
        return UNREADABLE


class SealedTextField(models.TextField):
    """A text column that is sealed in the database and plain in Python. Not to be filtered on."""

    def get_prep_value(self, value: Any) -> str:
        return seal(str(super().get_prep_value(value) or ""))

    def from_db_value(self, value: str | None, *_: object) -> str:
        return unseal(value or "")


class SealedJSONField(SealedTextField):
    """A JSON value (an object by default), sealed as its text."""

    def get_prep_value(self, value: Any) -> str:
        return seal(json.dumps(value))

    def from_db_value(self, value: str | None, *_: object) -> Any:
        text = unseal(value or "")
        return {} if text in ("", UNREADABLE) else json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value
