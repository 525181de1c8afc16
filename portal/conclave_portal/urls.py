"""Addresses of the portal."""

from django.urls import include, path

from conclave_portal.api import api

urlpatterns = [
    path("api/", api.urls),
    path("oidc/", include("accounts.urls")),
]
handler400 = "conclave_portal.errors.bad_request"
handler403 = "conclave_portal.errors.permission_denied"
handler404 = "conclave_portal.errors.page_not_found"
handler500 = "conclave_portal.errors.server_error"
