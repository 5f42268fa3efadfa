# One image for web, worker and beat; docker-compose.yml says which command each runs.
FROM python:3.11-slim AS build
COPY requirements/base.txt .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r base.txt \
    && /venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    CAUSERIE_DATA_DIR=/data \
    EMBEDDED_MODEL=off \
    HOST=0.0.0.0 \
    LOG_JSON=on
RUN useradd --uid 10001 --no-create-home causerie && install -d -o causerie -m 700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
RUN python -m compileall -q .
USER causerie
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "config.web"]
