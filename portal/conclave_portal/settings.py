"""Django's settings, made from the configuration file (`conclave_portal.config`)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from conclave_portal.config import load

CONFIG = load()

SECRET_KEY = CONFIG.web.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [key.get_secret_value() for key in CONFIG.web.secret_key_fallbacks]
ALLOWED_HOSTS = CONFIG.web.allowed_hosts
DEBUG = False

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "conclave_portal",
    "accounts",
    "meetings",
    "media",
    "lobby",
    "audit",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "conclave_portal.middleware.AnswerHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.idle.IdleLimit",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "conclave_portal.urls"
ASGI_APPLICATION = "conclave_portal.asgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

_sockets = CONFIG.database.host.startswith("/")
_pool: dict[str, Any] = {"min_size": 1, "max_size": CONFIG.database.pool, "timeout": 5}
_tls: dict[str, Any] = {"sslmode": "verify-full", "sslrootcert": str(CONFIG.database.sslrootcert or "system")}
DATABASES = {
    "default": {
        "ENGINE": "conclave_portal.postgresql",
        "HOST": CONFIG.database.host,
        "PORT": CONFIG.database.port,
        "NAME": CONFIG.database.name,
        "USER": CONFIG.database.user,
        "PASSWORD": CONFIG.database.password.get_secret_value(),
        # Under ASGI each request has a thread of its own, so connections are kept in a pool and not per thread.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": _pool, "connect_timeout": 5, **({} if _sockets else _tls)},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_cache_tls: dict[str, Any] = {"ssl_ca_certs": str(CONFIG.valkey.ca)} if CONFIG.valkey.ca else {}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CONFIG.valkey.url,
        "KEY_PREFIX": CONFIG.valkey.prefix,
        # Of what an earlier release kept in another form, nothing is read.
        "VERSION": 2,
        "OPTIONS": {
            "serializer": "conclave_portal.cache.JsonSerializer",
            "socket_connect_timeout": 3,
            "socket_timeout": 3,
            **(
                {"username": CONFIG.valkey.user, "password": CONFIG.valkey.password.get_secret_value()}
                if CONFIG.valkey.password.get_secret_value()
                else {}
            ),
            **_cache_tls,
        },
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backend.IdentityServerBackend"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_AGE = CONFIG.web.session_hours * 3600
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
# Lax, not Strict: the way back from the identity server is a navigation from another origin.
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
# The client gets the token from GET /api/session, never from the cookie.
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "conclave_portal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [CONFIG.web.public_url]
MEET_HOST = urlsplit(CONFIG.web.public_url).netloc

SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = CONFIG.site.language
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "filters": {"route": {"()": "conclave_portal.logs.RouteOnly"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["route"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # It logs request lines; query strings of the sign-in carry one-time codes.
        "httpx": {"level": "WARNING"},
        "livekit": {"level": "WARNING"},
    },
}
