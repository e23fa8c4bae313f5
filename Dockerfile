# The product's image: web, worker, beat and the one-shot migrate differ only in their command.
FROM python:3.11-slim AS packages
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11-slim
# libgomp: OpenMP of numba and of gradient boosting. tini is Docker's own (init: true in the compose file).
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin salesops \
    && mkdir -p /state && chown salesops:salesops /state
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=salesops.settings SALESOPS_STATE=/state
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
USER salesops
VOLUME /state
EXPOSE 8000
CMD ["gunicorn", "salesops.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "4", \
     "--preload", "--timeout", "60", "--graceful-timeout", "20", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", \
     "--access-logfile", "-", "--forwarded-allow-ips", "*"]
