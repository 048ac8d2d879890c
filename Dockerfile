# syntax=docker/dockerfile:1
# benchsuite in a container:
#
#   docker build --tag benchsuite .                        computes on the CPU
#   docker build --tag benchsuite:cuda --target cuda .     computes on a CUDA GPU
#   docker run --rm --volume "$PWD:/study" --volume benchsuite-cache:/cache benchsuite run beans_freeze
#   docker run --rm --gpus all --volume "$PWD:/study" --volume benchsuite-cache:/cache benchsuite:cuda run beans_freeze
#
# The wheels of torch bring CUDA's libraries, so the cuda target needs no CUDA image; the machine needs NVIDIA's driver
# and its container toolkit, which puts the driver into the container. Results belong to user 1000 unless --user says
# another. RELEASING.md says which parts of this file are checked, and how.

FROM python:3.12-slim AS base
# Pango sets the paper; versions are those of the image's Debian.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 benchsuite \
    && install --directory --owner benchsuite --mode 1777 /cache /study
ENV XDG_CACHE_HOME=/cache PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

FROM base AS wheel
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /source
COPY . .
# pip checks hashes where it is given any, so the wheel gets its own beside those of the lock. The CPU builds of torch
# have other hashes, and need no CUDA: for them the lock is left without both.
RUN python -m pip wheel --no-deps --wheel-dir /dist . \
    && sha256sum /dist/*.whl | awk '{ print "benchsuite[all] @ file://" $2 " --hash=sha256:" $1 }' > /dist/benchsuite.txt \
    && awk '/^[^ #]/ { cuda = /^(torch|torchvision|triton|cuda-[a-z-]+|nvidia-(cu|nccl|nv)[a-z0-9-]*)==/ } !cuda' \
       requirements.lock > /dist/cpu.lock \
    && cp requirements.lock /dist/cuda.lock \
    && sed -nE 's/^((torch|torchvision)==[^ ;]+).*/\1/p' requirements.lock > /dist/torch.txt

FROM base AS development
# What `make setup`, `make lint`, `make test` and `make docs` need; see .devcontainer/devcontainer.json.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium git make openssh-client poppler-utils \
    && rm -rf /var/lib/apt/lists/*
USER 1000

FROM base AS cuda
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    python -m pip install --constraint /dist/cuda.lock --requirement /dist/benchsuite.txt
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000
WORKDIR /study
ENTRYPOINT ["benchsuite"]
CMD ["--help"]

FROM base AS cpu
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    python -m pip install --index-url https://download.pytorch.org/whl/cpu --requirement /dist/torch.txt \
    && python -m pip install --constraint /dist/cpu.lock --requirement /dist/benchsuite.txt
USER 1000
WORKDIR /study
ENTRYPOINT ["benchsuite"]
CMD ["--help"]
