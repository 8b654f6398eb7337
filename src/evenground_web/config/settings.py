"""Settings, safe unless told otherwise: every one that differs between places comes from the environment.

=============================  =====================================================================
EVENGROUND_RELEASES            the folder of releases: the only data that the site reads
EVENGROUND_DEFINITIONS         reviewed records of interventions and evidence; beside the releases by default
EVENGROUND_POSTCODES           postcodes with their small areas; beside the releases by default
EVENGROUND_SERVICES            services and events to lay over maps; beside the releases by default
EVENGROUND_DATABASE            the SQLite file of accounts and sessions
EVENGROUND_LOG                 the log of log-ins, decisions and whole tables; beside the database by default
EVENGROUND_SECRET_KEY          signs sessions; without it, a random key is kept beside the database
EVENGROUND_HOSTS               names the site is reached by, separated by commas
EVENGROUND_INSECURE_COOKIES    1 lets log-ins travel over plain HTTP: only for a site on loopback
EVENGROUND_BEHIND_PROXY        1 believes X-Forwarded-Proto: only behind a proxy that sets it
EVENGROUND_HSTS_SECONDS        how long browsers must insist on HTTPS; 0 says nothing of it
=============================  =====================================================================
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from evenground_web.config.secrets import load_secret_key

PACKAGE = Path(__file__).resolve().parent.parent
STATIONS = ("profiles", "priorities", "search", "agreements", "releasing", "uploads")

EVENGROUND_RELEASES = Path(os.environ.get("EVENGROUND_RELEASES", "releases"))
# What can be bought, and what that is worth: reviewed records of the place, with nothing of people in them.
EVENGROUND_DEFINITIONS = Path(
    os.environ.get("EVENGROUND_DEFINITIONS") or EVENGROUND_RELEASES.parent / "definitions"
)
# The small area of each postcode of the place, as 'evenground data postcodes' wrote it: public geography.
EVENGROUND_POSTCODES = Path(
    os.environ.get("EVENGROUND_POSTCODES") or EVENGROUND_RELEASES.parent / "postcodes.parquet"
)
# Public services and events to lay over maps, as the place wrote them down.
EVENGROUND_SERVICES = Path(
    os.environ.get("EVENGROUND_SERVICES") or EVENGROUND_RELEASES.parent / "services.csv"
)
_database = os.environ.get("EVENGROUND_DATABASE", "")
EVENGROUND_LOG = os.environ.get("EVENGROUND_LOG") or (
    str(Path(_database).with_name("site-log.jsonl")) if _database else ""
)
# Locks that let long work take turns among all processes of the site; nothing is written in them.
EVENGROUND_TURNS = str(Path(_database).with_name("site-turns")) if _database else ""

DEBUG = False
SECRET_KEY = os.environ.get("EVENGROUND_SECRET_KEY") or load_secret_key(_database)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS += [name.strip() for name in os.environ.get("EVENGROUND_HOSTS", "").split(",") if name.strip()]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "evenground_web.common",
    "evenground_web.accounts",
    *(f"evenground_web.{station}" for station in STATIONS),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "evenground_web.common.middleware.add_permissions_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "evenground_web.common.middleware.log_downloads",
    "evenground_web.common.middleware.ReleaseMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "evenground_web.config.urls"
WSGI_APPLICATION = "evenground_web.config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / app / "jinja2" for app in ("common", "accounts", *STATIONS)],
        "OPTIONS": {
            "environment": "evenground_web.common.environment.make_environment",
            "context_processors": [
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evenground_web.common.context.site",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _database or ":memory:",
        # A writer takes its turn at the start: one that has read first could not wait for another's end.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:log_in"
LOGIN_REDIRECT_URL = "accounts:account"
LOGOUT_REDIRECT_URL = "profiles:home"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "evenground_web.accounts.views.show_lock_out"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

_secure = os.environ.get("EVENGROUND_INSECURE_COOKIES") != "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "evenground_web.common.views.show_csrf_failure"
SECURE_HSTS_SECONDS = int(os.environ.get("EVENGROUND_HSTS_SECONDS", "0"))
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("EVENGROUND_BEHIND_PROXY") == "1" else None
)
X_FRAME_OPTIONS = "DENY"
# The one script inside a page, the design system's: the policy names its content, so that it may run and no
# other may, and a finished page can be kept, which a nonce of each answer's own would not allow.
_INLINE_SCRIPT = "'sha256-tDOvXJi1PXbg0CWjLCCYSNHRXtps26K4JXkE3M6u/c0='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, _INLINE_SCRIPT],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "static/"
STATICFILES_DIRS = [folder for folder in (PACKAGE / "static", PACKAGE / "static_built") if folder.is_dir()]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "axes": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # It warns of every request that waits for a thread, which a busy moment brings by itself.
        "waitress.queue": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
    },
}
