"""Addresses below ``/oidc/``."""

from django.urls import path

from accounts import backchannel, views

urlpatterns = [
    path("login", views.login),
    path("callback", views.callback),
    path("backchannel-logout", backchannel.logout),
]
