"""People who signed in, and which browser session belongs to which session at the identity server."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import models


class User(AbstractBaseUser):
    """A person or service known to the identity server; the portal itself keeps no password."""

    subject = models.CharField(max_length=255, unique=True)
    username = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    may_plan = models.BooleanField(default=False)
    # Of an earlier release nothing is known until the next sign-in.
    may_join = models.BooleanField(default=True)
    # As the identity server has verified it; empty: none, or none that is verified.
    mail = models.CharField(max_length=254, blank=True, db_index=True)
    is_service = models.BooleanField(default=False)

    USERNAME_FIELD = "subject"

    class Meta:
        """Names for Django."""

        db_table = "accounts_user"

    def __str__(self) -> str:
        return self.username


class SignIn(models.Model):
    """One browser session, and the identity server's name for it, so that a logout there ends it here."""

    session_key = models.CharField(max_length=40, unique=True)
    sid = models.CharField(max_length=255, db_index=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user} since {self.at:%Y-%m-%d %H:%M}"
