#!/usr/bin/env bash
# Collects the wheels that run.sh needs on a CUDA machine without a network: scripts/gpu/collect.sh [FOLDER]
# Needs pip, a network or an index, and any Python for which Chainer builds. The folder is ignored by git.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/wheels}
python=${PYTHON:-python3}

mkdir -p "$out"
rm -f "$out"/*.whl
"$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
  --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
  --dest "$out" --requirement "$here/wheels.txt"
# Chainer's setup.py imports pkg_resources: a pip from 25.3 on takes the constraint for the build by an option of its
# own, an older one takes that of the installation.
PIP_BUILD_CONSTRAINT="$root/build-constraints.txt" PIP_CONSTRAINT="$root/build-constraints.txt" \
  "$python" -m pip wheel --quiet --no-deps --wheel-dir "$out" chainer==7.8.1
echo "$(find "$out" -name '*.whl' | wc -l) wheels, $(du -sk "$out" | cut -f1) kB in $out"
