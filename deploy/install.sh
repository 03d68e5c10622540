#!/bin/sh
# Installs Plainview from a wheel into a folder of its own, with the default model pack. Run it again to upgrade: the
# model pack and every workspace stay.
#
#   deploy/install.sh PREFIX WHEEL [REQUIREMENTS]
#
# PREFIX        the folder of the program, for example /opt/plainview
# WHEEL         plainview-*.whl, made by `make wheel`
# REQUIREMENTS  requirements/main.txt of the same version: every dependency by its hash. Without it, pip chooses.
#
# PYTHON names the Python (3.11 or newer); PLAINVIEW_MODELS the folder of the model packs.
set -eu
if [ $# -lt 2 ]; then sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; fi
prefix=$1 wheel=$2 requirements=${3:-}
python=${PYTHON:-python3}
[ -f "$wheel" ] || { echo "There is no file $wheel. Make the wheel with: make wheel" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "Plainview needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11" >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null \
  || { echo "This Python cannot make environments. On Debian: apt-get install python3-venv" >&2; exit 1; }

new=$prefix.new
rm -rf "$new"
"$python" -m venv "$new"
[ -z "$requirements" ] || "$new/bin/python" -m pip install --quiet --require-hashes -r "$requirements"
"$new/bin/python" -m pip install --quiet ${requirements:+--no-deps} "$wheel"
"$new/bin/python" -m compileall -q "$new" >/dev/null 2>&1 || true

# Only now is the old program taken away; an environment has its own path inside, so it is made in place again.
rm -rf "$prefix.old"
[ ! -d "$prefix" ] || mv "$prefix" "$prefix.old"
mv "$new" "$prefix"
grep -rlI "^#!$new/bin/python" "$prefix/bin" | while read -r script; do
  sed -i "1s|^#!$new/bin/python|#!$prefix/bin/python|" "$script"
done
"$prefix/bin/plainview" models install
"$prefix/bin/plainview" --version
rm -rf "$prefix.old"
echo "Plainview is in $prefix. Next: docs/howto/deploy.md, step 2."
