"""Who asks: sessions and tokens, the person and the roles in one query."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from rest_framework import authentication

from harvest.selectors.people import user_by_id, user_by_token


class SessionBackend(ModelBackend):
    """Django's own, whose user brings the roles along."""

    def get_user(self, user_id: int) -> User | None:
        user = user_by_id(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None


class TokenAuthentication(authentication.TokenAuthentication):
    """Django REST framework's own, whose user brings the roles along."""

    def authenticate_credentials(self, key: str) -> tuple[User, object]:
        user = user_by_token(key)
        if user is None or not user.is_active:
            return super().authenticate_credentials(key)  # refuses it, and says why
        return user, key
