"""The API, put together from the apps."""

from ninja import NinjaAPI

from accounts.api import router as session
from conclave_portal import errors
from conclave_portal.health import router as health
from lobby.api import router as lobby
from lobby.floor import router as floor
from lobby.hands import router as hands
from lobby.inviting import router as inviting
from lobby.leading import router as leading
from media.api import router as media
from meetings.api import router as meetings
from meetings.levels import router as levels

# No page that shows the API: it would load scripts from elsewhere.
api = NinjaAPI(title="Conclave portal", version="1", docs_url=None, openapi_url="/openapi.json")
api.add_router("/session", session)
api.add_router("/meetings", meetings)
api.add_router("/meetings", lobby)
api.add_router("/meetings", leading)
api.add_router("/meetings", floor)
api.add_router("/meetings", hands)
api.add_router("/meetings", inviting)
api.add_router("/levels", levels)
api.add_router("", media)
api.add_router("/health", health)
errors.install(api)
