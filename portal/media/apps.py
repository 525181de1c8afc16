"""The app's name for Django."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Settings of the app."""

    name = "media"
