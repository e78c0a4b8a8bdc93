"""All settings, from the environment; the defaults run everything embedded on one machine."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url

from stackyard.config.secret import read_or_make_secret

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("STACKYARD_HOME", ROOT / ".stackyard")).resolve()
TEMPORARY = HOME / "tmp"
TEMPORARY.mkdir(parents=True, exist_ok=True)

SECRET_KEY = os.environ.get("STACKYARD_SECRET_KEY") or read_or_make_secret(HOME / "secret_key")
DEBUG = False
# The server is reached under whatever name the team gives it; behind a proxy the proxy decides. Narrow it where that matters.
ALLOWED_HOSTS = os.environ.get("STACKYARD_HOSTS", "*").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("STACKYARD_ORIGINS", "").split(",") if origin]
BEHIND_HTTPS = os.environ.get("STACKYARD_HTTPS", "") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "knox",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "stackyard.storage",
    "stackyard.work",
    "stackyard.accounts",
    "stackyard.competitions",
    "stackyard.predictions",
    "stackyard.training",
    "stackyard.scoring",
    "stackyard.ensembles",
    "stackyard.submissions",
    "stackyard.dashboards",
    "stackyard.api",
    "stackyard.config",
    "stackyard.demo",
]
MIDDLEWARE = [
    "stackyard.config.pages.ContentRules",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Pages ask again every two seconds: what has not changed is answered by 304.
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "stackyard.config.urls"
ASGI_APPLICATION = "stackyard.config.asgi.application"
APPEND_SLASH = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": True, "OPTIONS": {}}]

SQLITE_OPTIONS = {
    # Measured: without IMMEDIATE and the long timeout four writing processes meet "database is locked" (FACTS 3).
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{HOME / 'stackyard.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "stackyard.api.errors.answer_lockout"
KNOX_TOKEN_MODEL = "accounts.Token"
# Knox would make the table of its own model too, which nothing uses (and which stands in the way of emptying ours).
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Token", "TOKEN_MODEL": "accounts.Token"}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["stackyard.api.authentication.TokenLogin", "stackyard.api.authentication.SessionLogin"],
    "DEFAULT_PERMISSION_CLASSES": ["stackyard.api.permissions.DenyUnlessDeclared"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["stackyard.api.parsers.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "stackyard.api.schema.NamedSchema",
    "EXCEPTION_HANDLER": "stackyard.api.errors.answer_error",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stackyard",
    "DESCRIPTION": "Shared folds, one prediction contract, scores, the second level, submissions.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PATH_CONVERTER_OVERRIDES": {"array_kind": {"type": "string", "enum": ["oof", "test"]}},
    "ENUM_NAME_OVERRIDES": {
        "CompetitionState": "stackyard.competitions.models.CompetitionState",
        "PredictionState": "stackyard.predictions.models.PredictionState",
        "PartState": "stackyard.predictions.models.PartState",
        "EnsembleState": "stackyard.ensembles.models.EnsembleState",
        "InsightState": "stackyard.api.insights.STATES",
        "Severity": "stackyard.api.insights.SEVERITIES",
        "SubmissionState": "stackyard.submissions.models.SubmissionState",
        "BlobState": ["whole", "partial"],
    },
}

BROKER_URL = os.environ.get("BROKER_URL", "")

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
FRONTEND = ROOT / "frontend" / "dist"
WHITENOISE_ROOT = FRONTEND if FRONTEND.is_dir() else None
# Vite puts a hash of the content into the names of assets, in its own way.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/assets/.+-[A-Za-z0-9_-]{8}\.\w+$"

FILE_UPLOAD_TEMP_DIR = str(TEMPORARY)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
BLOB_LIMIT_BYTES = int(os.environ.get("STACKYARD_BLOB_LIMIT_MB", "2048")) << 20
BLOB_CHUNK_LIMIT_BYTES = 64 << 20
BLOBS = os.environ.get("STACKYARD_BLOBS", "")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # What a caller did wrong is told to the caller; only the server's own failures belong in its log.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("STACKYARD_LOG_LEVEL", "WARNING")},
}
