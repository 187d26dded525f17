"""Every setting, read from the environment once. `.env.example` and the README's table list the same names."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from project import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_file(BASE_DIR / ".env")

VAR = Path(env.text("RAZGOVOR_VAR", str(BASE_DIR / "var")))
env.load_file(VAR / "run.env")  # where `make run` has its processes, for commands typed beside it
DEBUG = env.flag("RAZGOVOR_DEBUG")


def _secret_key() -> str:
    """The operator's key, else one that is made once and kept where only this user can read it."""
    if key := env.text("RAZGOVOR_SECRET_KEY"):
        return key
    path = VAR / "secret_key"
    try:
        if not path.exists():
            VAR.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=VAR) as file:  # created readable by this user only
                file.write(secrets.token_urlsafe(50))
                file.flush()
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    path.hardlink_to(file.name)
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write to {VAR} ({error.strerror}). "
            "Make room there and make it writable, or set RAZGOVOR_VAR to another directory."
        ) from error


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.words("RAZGOVOR_OLD_SECRET_KEYS")

# --- addresses ---------------------------------------------------------------------------------------------------

PORT = env.integer("PORT", 8000)
WEB_PROCESSES = env.integer("RAZGOVOR_WEB_PROCESSES", min(os.cpu_count() or 1, 4))
PUBLIC_URL = env.text("RAZGOVOR_PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.words("RAZGOVOR_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{VAR / 'razgovor.sqlite3'}")
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CHROMA_URL = env.text("CHROMA_URL", "http://127.0.0.1:8001")
EMBEDDER_URL = env.text("EMBEDDER_URL", "http://127.0.0.1:8002/v1")
OLLAMA_URL = env.text("OLLAMA_URL", "http://127.0.0.1:11434")
STARTER_URL = env.text("STARTER_URL", "http://127.0.0.1:8003/v1")

SERVED_OVER_TLS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_TLS
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("RAZGOVOR_BEHIND_PROXY") else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- application -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "project",
    "tenants",
    "ingestion",
    "chat",
    "channels",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "ninja",  # for the static files of the API's own page
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "project.middleware.RequestIdMiddleware",
    "project.middleware.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "project.compression.PageCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "project.middleware.AppErrorMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "tenants.context.tenant",
                "project.context.imports",
                "project.context.speech",
            ],
        },
    },
]

# --- data --------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    # A file does not hang up: only a server's connections are tried before they are used again.
    "default": dj_database_url.parse(
        DATABASE_URL, conn_max_age=60, conn_health_checks=not DATABASE_URL.startswith("sqlite")
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that begins by reading and then writes cannot be made to wait by SQLite, only to fail with
        # "database is locked"; one that takes the write lock at once waits its turn, up to `timeout` seconds.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
        "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=-16000;",
    }
else:
    # Compiling a query takes PostgreSQL longer than running any of ours (see docs/adr/0003-lexical-search.md).
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c jit=off"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}
MEDIA_ROOT = VAR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "project.static_storage.BundlingStorage"
    },
}
if bucket := env.text("RAZGOVOR_S3_BUCKET"):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": bucket, "endpoint_url": env.text("RAZGOVOR_S3_ENDPOINT") or None},  # type: ignore[dict-item]
    }
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- people ------------------------------------------------------------------------------------------------------

ADMIN_PASSWORD = env.text("RAZGOVOR_ADMIN_PASSWORD")
"""Of the account that a new server begins with; `make run` makes one up. Without it, no account is made."""
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "tenants.accounts.InvitationOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation reaches its person by e-mail or by hand; that is the verification
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
# Behind a proxy everybody comes from its address; allauth then counts by the address that the proxy says.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.flag("RAZGOVOR_BEHIND_PROXY") else 0
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
EMAIL_BACKEND = env.text("RAZGOVOR_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("RAZGOVOR_EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("RAZGOVOR_EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = env.text("RAZGOVOR_EMAIL_FROM", "razgovor@localhost")

# --- language ----------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("sr", _("Serbian (Cyrillic)")),
    ("sr-latn", _("Serbian (Latin)")),
    ("de", _("German")),
    ("ar", _("Arabic")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "project.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TZ", "UTC") or "UTC"

# --- content security --------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": ["blob:"],  # of a video that a person has chosen, the page itself takes frames
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

SPEECH_INPUT = env.flag("RAZGOVOR_SPEECH_INPUT")
"""Some browsers send what they hear to their maker, so that the operator has to want it."""
PERMISSIONS_POLICY = f"microphone=({'self' if SPEECH_INPUT else ''}), camera=(), geolocation=()"

# --- tasks -------------------------------------------------------------------------------------------------------

LEASE_SECONDS = env.integer("RAZGOVOR_LEASE_SECONDS", 60)
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"ingestion.tasks.ingest_next": {"queue": "ingest"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "resume documents whose worker died": {
        "task": "ingestion.tasks.reap_documents",
        "schedule": min(15.0, LEASE_SECONDS / 4),
    },
    "forget uploads that nobody goes on with": {"task": "ingestion.resumable_tasks.reap_uploads", "schedule": 600.0},
    "go on with changes of the embedder": {"task": "ingestion.tasks.tidy_embedders", "schedule": 60.0},
    "draw the line of refusing anew where documents have changed": {
        "task": "chat.tasks.fit_changed_collections",
        "schedule": 300.0,
    },
    "close turns whose process died": {"task": "chat.tasks.reap_turns", "schedule": min(30.0, LEASE_SECONDS / 2)},
    "remove deleted conversations for good": {"task": "chat.tasks.purge_conversations", "schedule": 60.0},
    "remove shared links that have ended": {"task": "chat.tasks.purge_shares", "schedule": 600.0},
    "remove pictures that were never asked with": {"task": "chat.tasks.reap_images", "schedule": 3600.0},
    "go on with quality runs": {"task": "chat.quality.tasks.tidy_runs", "schedule": 60.0},
}

# --- documents and answers ---------------------------------------------------------------------------------------

UPLOAD_MAX_BYTES = env.integer("RAZGOVOR_UPLOAD_MAX_MB", 100) * 1024 * 1024
TENANT_MAX_BYTES = env.integer("RAZGOVOR_TENANT_MAX_MB", 10_240) * 1024 * 1024
WEB_ADDRESSES = env.words("RAZGOVOR_WEB_ADDRESSES", "off")
"""Where documents may be fetched from: `off`, `public` for every public host, and hosts (`host` or `host:port`), which
may be on the operator's own network. Off at first: a server calls nobody unless its operator says so."""
READER_MEMORY_BYTES = env.integer("RAZGOVOR_READER_MEMORY_MB", 1024) * 1024 * 1024
READER_CPU_SECONDS = env.integer("RAZGOVOR_READER_CPU_SECONDS", 1800)
READER_SILENT_SECONDS = env.integer("RAZGOVOR_READER_SILENT_SECONDS", 60)
"""A reader that has not come further for so long is stopped."""
TURN_LOG_SECONDS = env.integer("RAZGOVOR_TURN_LOG_SECONDS", 3600)
QUESTIONS_PER_MINUTE = env.integer("RAZGOVOR_QUESTIONS_PER_MINUTE", 60)
PICTURE_MAX_BYTES = env.integer("RAZGOVOR_PICTURE_MAX_MB", 20) * 1024 * 1024
PICTURES_PER_MINUTE = env.integer("RAZGOVOR_PICTURES_PER_MINUTE", 60)
"""How many pictures one person may attach to questions."""

LLM = env.text("RAZGOVOR_LLM", "auto")
"""What tenants without a provider of their own get: `auto` (Ollama when it answers, else the starter model),
`starter`, `ollama`, `ollama:MODEL`, or `openai:MODEL` at RAZGOVOR_LLM_URL."""
LLM_URL = env.text("RAZGOVOR_LLM_URL")
LLM_KEY = env.text("RAZGOVOR_LLM_KEY")
OUTBOUND_HOSTS = env.words("RAZGOVOR_OUTBOUND_HOSTS")
"""Hosts (`host`, `host:port` or `*`) that a tenant's provider may have its address at, beside those set up above."""

EMBEDDING_MODEL = env.text("RAZGOVOR_EMBEDDING_MODEL", "starter")
"""What the bundled embedding server loads: `starter`, a Hugging Face id or a folder."""
RERANKER = env.text("RAZGOVOR_RERANKER")
"""The cross-encoder that the bundled embedding server loads beside it: a folder, a Hugging Face id that has been
downloaded, or empty for none."""
RERANKER_URL = env.text("RAZGOVOR_RERANKER_URL") or (EMBEDDER_URL if RERANKER else "")
"""Who is asked to put passages in order: another server by its address, else the embedding server; nobody if empty."""
RERANKER_MODEL = env.text("RAZGOVOR_RERANKER_MODEL")
RERANKER_WEIGHT = env.decimal("RAZGOVOR_RERANKER_WEIGHT", 0.7)
RERANKER_SECONDS = env.decimal("RAZGOVOR_RERANKER_SECONDS", 2.0)

RERANKING: list[dict[str, Any]] = [
    {"BACKEND": "chat.retrieval.rerank.CrossEncoderRerank", "OPTIONS": {"weight": RERANKER_WEIGHT}}
]
RAG: dict[str, Any] = {
    "EMBEDDER": {
        "BACKEND": env.text("RAZGOVOR_EMBEDDER", "ingestion.embedding.client.HttpEmbedder"),
        "OPTIONS": {
            "base_url": EMBEDDER_URL,
            "model": env.text("RAZGOVOR_EMBEDDER_MODEL"),
            "api_key": env.text("RAZGOVOR_EMBEDDER_KEY"),
            "kind": env.text("RAZGOVOR_EMBEDDER_KIND", "razgovor"),
            "query_prefix": env.text("RAZGOVOR_EMBEDDER_QUERY_PREFIX"),
            "document_prefix": env.text("RAZGOVOR_EMBEDDER_DOCUMENT_PREFIX"),
        },
    },
    # More embedders that an organisation may choose instead, each at an address of its own.
    "EMBEDDERS": {
        name: {"BACKEND": "ingestion.embedding.client.HttpEmbedder", "OPTIONS": {"kind": "openai"} | options}
        for name, options in env.mapping("RAZGOVOR_EMBEDDERS").items()
    },
    "CHUNKER": {"BACKEND": "ingestion.chunking.structure.StructureChunker", "OPTIONS": {}},
    "VECTOR_INDEX": {"BACKEND": "ingestion.index.vectors.PassageVectors", "OPTIONS": {"url": CHROMA_URL}},
    "LEXICAL_INDEX": {"BACKEND": "ingestion.index.lexical.SqlLexicalIndex", "OPTIONS": {}},
    "RERANKER": {
        "BACKEND": "chat.retrieval.reranker.HttpReranker",
        "OPTIONS": {
            "base_url": RERANKER_URL,
            "model": RERANKER_MODEL,
            "api_key": env.text("RAZGOVOR_RERANKER_KEY"),
            "limit_s": RERANKER_SECONDS,
            "next_door": RERANKER_URL == EMBEDDER_URL,
        },
    },
    "TURN_LOG": {"BACKEND": "chat.turnlog.redis.RedisTurnLog", "OPTIONS": {"url": REDIS_URL}},
    # Each stage is handed what the one before returned; a nested list runs together.
    "RETRIEVAL": [
        ["chat.retrieval.dense.DenseSearch", "chat.retrieval.lexical.LexicalSearch"],
        "chat.retrieval.fuse.ScoreFusion",
        "chat.retrieval.words.WordInteraction",
        *(RERANKING if RERANKER_URL else []),
        "chat.retrieval.load.LoadPassages",
        "chat.retrieval.sentences.SentenceNearness",
    ],
    "LLM": {
        "starter": "chat.llm.openai_compatible.OpenAICompatibleChat",
        "ollama": "chat.llm.ollama.OllamaChat",
        "github": "chat.llm.github.GitHubModelsChat",
        "openai": "chat.llm.openai_compatible.OpenAICompatibleChat",
    },
}

LOGGING = logs.configuration(
    line_format=env.text("RAZGOVOR_LOG_FORMAT", "line"), level=env.text("RAZGOVOR_LOG_LEVEL", "INFO")
)
