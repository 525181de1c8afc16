"""The app's name for Django."""

from django.apps import AppConfig


class LobbyConfig(AppConfig):
    """Settings of the app."""

    name = "lobby"

    def ready(self) -> None:
        """Look at who has come in, and at what an organiser changes."""
        from lobby import expecting  # noqa: PLC0415 - models are there only now
        from media.join import entered  # noqa: PLC0415
        from meetings.edited import edited  # noqa: PLC0415

        entered.connect(expecting.joined, dispatch_uid="lobby.expecting")
        edited.connect(expecting.edited, dispatch_uid="lobby.expecting")
