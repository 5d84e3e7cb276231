# One image for both halves; the command says which. Needs no compiler: every dependency comes as a wheel.
FROM python:3.13-slim AS built
WORKDIR /src
COPY pyproject.toml requirements.lock README.md ./
COPY worker worker
COPY webhooks webhooks
RUN python -m venv /opt/paidmark && /opt/paidmark/bin/pip install --no-cache-dir -c requirements.lock .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin paidmark
COPY --from=built /opt/paidmark /opt/paidmark
ENV PATH=/opt/paidmark/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
# SIGTERM finishes what is under way; give it longer than one call to Clockify may take.
STOPSIGNAL SIGTERM
ENTRYPOINT ["paidmark"]
CMD ["receive"]
