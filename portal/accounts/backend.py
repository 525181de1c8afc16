"""Django's hook to turn a session into a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.backends import BaseBackend

from accounts.models import User

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest

PATH = "accounts.backend.IdentityServerBackend"


class IdentityServerBackend(BaseBackend):
    """Knows users by the identity server's word only: there is no way to authenticate here."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:  # noqa: ANN401, ARG002
        """Refuse every credential."""
        return

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session."""
        return User.objects.filter(pk=user_id).first()
