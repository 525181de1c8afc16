"""The app's name for Django."""

from django.apps import AppConfig


class LobbyConfig(AppConfig):
    """Settings of the app."""

    name = "lobby"

    def ready(self) -> None:
        """Look at who has come in."""
        from lobby.expecting import joined  # noqa: PLC0415 - models are there only now
        from media.join import entered  # noqa: PLC0415

        entered.connect(joined, dispatch_uid="lobby.expecting")
