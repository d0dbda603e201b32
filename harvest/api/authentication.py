"""Who asks: sessions and tokens, the person and the roles in one query."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework import authentication, exceptions

from harvest.selectors.people import Grant, user_by_id, user_by_token
from harvest.services.tokens import note_use


class SessionBackend(ModelBackend):
    """Django's own, whose user brings the roles along."""

    def get_user(self, user_id: int) -> User | None:
        user = user_by_id(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None


class BadToken(exceptions.APIException):
    """The token is unknown or has ended. No AuthenticationFailed, which DRF answers with 403 here."""

    status_code = 401
    default_code = "bad_token"


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Token hv_...`; `request.auth` is what the token grants."""

    def authenticate_credentials(self, key: str) -> tuple[User, Grant]:
        found = user_by_token(key)
        if found is None:
            message = "This token is not known here. Make a new one on the page of your tokens."
            raise BadToken(message)
        user, grant = found
        if grant.revoked_at is not None:
            message = "This token was revoked. Make a new one on the page of your tokens."
            raise BadToken(message)
        if grant.expires_at <= timezone.now():
            message = "This token has expired. Make a new one on the page of your tokens."
            raise BadToken(message)
        if not user.is_active:
            message = "The owner of this token may no longer sign in. Ask an admin."
            raise BadToken(message)
        note_use(grant)
        return user, grant
