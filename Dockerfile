# The pages, built once; nothing of node goes further.
FROM node:24-slim AS pages
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

FROM python:3.11-slim
# A GPU worker takes torch as the registry has it. For a CPU-only image name an index that offers such a build: --build-arg PIP_EXTRA_INDEX_URL=…
ARG PIP_EXTRA_INDEX_URL
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 1000 --create-home stackyard && mkdir /data && chown stackyard /data
WORKDIR /app
# Dependencies before the code, so that a change of the code alone does not fetch them again.
COPY pyproject.toml constraints.txt LICENSE README.md ./
RUN mkdir -p platform/stackyard members pipelines && touch platform/stackyard/__init__.py members/__init__.py pipelines/__init__.py \
    && pip install --constraint constraints.txt "$(grep '^torch==' constraints.txt)" --editable '.[server,train,s3]'
COPY manage.py ./
COPY platform platform
COPY members members
COPY pipelines pipelines
COPY --from=pages /build/frontend/dist frontend/dist
# Code that numba compiles is kept with the data, since the image is not written to.
ENV STACKYARD_HOME=/data NUMBA_CACHE_DIR=/data/cache/numba DJANGO_SETTINGS_MODULE=stackyard.config.settings
USER stackyard
VOLUME /data
EXPOSE 8000
CMD ["uvicorn", "stackyard.config.asgi:application", "--host", "0.0.0.0"]
