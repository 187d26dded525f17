# One image for web, worker, beat and embedder; docker-compose.yml says which command each runs.

FROM python:3.11-slim AS packages
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY Makefile requirements.txt constraints.txt ./
ENV PIP_NO_CACHE_DIR=1
# The same target that `make run` uses, so that both have the same packages from the same places.
RUN make install PYTHON=/usr/local/bin/python VENV=/opt/venv

FROM python:3.11-slim
# OpenMP, for torch and llama.cpp; Tesseract for scans, a language for each one of the interface; LibreOffice for
# Word and PowerPoint files of before 2007.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
        tesseract-ocr tesseract-ocr-eng tesseract-ocr-srp tesseract-ocr-srp-latn tesseract-ocr-deu \
        libreoffice-writer-nogui libreoffice-impress-nogui fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /srv/var --shell /usr/sbin/nologin razgovor \
    && install --directory --owner razgovor --group razgovor /srv/var /srv/var/files /srv/var/models /srv/var/uploads
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAZGOVOR_VAR=/srv/var \
    HF_HOME=/srv/var/models/huggingface
USER razgovor
# Settings want a key, collecting files does not: this one is used for nothing else and stays in no layer.
RUN RAZGOVOR_SECRET_KEY=unused-while-building python manage.py collectstatic --noinput --verbosity 0
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "project.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--timeout-worker-healthcheck", "60", \
     "--http", "httptools", "--loop", "uvloop", "--ws", "websockets-sansio", "--lifespan", "on", \
     "--ws-max-size", "1048576", "--ws-per-message-deflate", "false", "--ws-ping-interval", "25", \
     "--timeout-graceful-shutdown", "5", "--no-access-log"]
