#!/bin/sh
# Makes .venv ready, once: `sh setup.sh run` for the program, `sh setup.sh test` for the tests too.
# The Makefile calls it before every target; when nothing has changed it only compares a checksum.
# UV= (empty) makes it use pip although uv is there; PYTHON=... names the interpreter.
set -eu
cd "$(dirname "$0")"
purpose=${1:-run}

# What OpenCV's windows load, although we open none (Ubuntu's libglib2.0-0t64 goes by the old name too).
OPENCV_PACKAGES="libgl1 libxcb1 libglib2.0-0"
# What the real parts in the tests need from the system: a Redis server, and an RTSP server that is not ours.
TEST_PACKAGES="redis-server python3-gi gir1.2-gst-rtsp-server-1.0
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"

say() { printf 'zonewatch: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        python=$("$name" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) || continue
        [ -z "$python" ] || return 0
    done
    stop "Python 3.11 or newer is needed and ${PYTHON:-python3} is not that; install one and name it: make PYTHON=python3.12"
}

# Installs packages with apt-get where it may, else says the command and fails.
bring() {
    command -v apt-get >/dev/null || { say "missing, and no apt-get here to bring it (Debian's names): $*"; return 1; }
    if [ "$(id -u)" = 0 ]; then root=
    elif sudo -n true 2>/dev/null; then root=sudo
    else say "packages are missing that this user may not install; run: sudo apt-get install -y $*"; return 1
    fi
    say "installing with apt-get: $*"
    mkdir -p .build
    # A machine's package lists may be empty or old: only then ask for new ones.
    apt_install "$@" >.build/apt.log 2>&1 && return 0
    { $root apt-get -q update && apt_install "$@"; } >>.build/apt.log 2>&1 && return 0
    tail -n 5 .build/apt.log >&2
    say "apt-get failed (.build/apt.log has it all); when it works again, run: apt-get install -y $*"
    return 1
}
apt_install() { $root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"; }

make_venv() {
    if [ -n "$uv" ]; then "$uv" venv -q --clear --python "$python" .venv
    else "$python" -m venv --clear .venv
    fi
}

# What the interpreter lacks on a bare Debian: the means to make .venv, and the libraries OpenCV loads.
missing_for_all() {
    [ -n "$uv" ] || "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    "$python" -c 'import ctypes; [ctypes.CDLL(name) for name in ("libGL.so.1", "libxcb.so.1", "libgthread-2.0.so.0")]' \
        2>/dev/null || echo "$OPENCV_PACKAGES"
}
missing_for_tests() {
    for package in $TEST_PACKAGES; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || echo "$package"
    done
}

# One call of apt-get for all; without the tests' packages it goes on, without the others it cannot.
bring_missing() {
    needed= extra=
    ready || needed=$(missing_for_all)
    [ "$purpose" != test ] || extra=$(missing_for_tests)
    [ -n "$needed$extra" ] || return 0
    # shellcheck disable=SC2086  # both are lists of words
    bring $needed $extra && return 0
    if [ -n "$needed" ] || [ "${CI:-}" = true ]; then exit 1; fi
    say "without them the tests that need them are skipped"
}

pip_install() {
    if [ -n "$uv" ]; then "$uv" pip install -q --python .venv/bin/python "$@"
    else .venv/bin/python -m pip install -q --disable-pip-version-check "$@"
    fi
}

# The builder comes from the lock as everything does, so nothing is fetched outside it.
install_locked() {
    say "installing $lock into .venv (once, about 700 MB)"
    pip_install --require-hashes -r "$lock" || stop "$lock could not be installed: is there a network? (with uv, 'make UV= ...' tries pip)"
    pip_install --no-deps --no-build-isolation -e . || stop "the project itself could not be installed into .venv"
    .venv/bin/python -c 'import cv2' || stop "OpenCV cannot be imported, see above"
}

case $purpose in
    run) lock=requirements.lock ;;
    test) lock=requirements-dev.lock ;;
    *) stop "setup.sh knows 'run' and 'test', not '$purpose'" ;;
esac

export UV_PYTHON_DOWNLOADS=never
uv=${UV-$(command -v uv || true)}
[ -z "$uv" ] || "$uv" --version >/dev/null 2>&1 || uv=

works() { .venv/bin/python -c '' 2>/dev/null; }
state_of() { echo "$(pwd) $(cat "$1" pyproject.toml setup.sh | cksum)"; }
ready() { works && [ "$(cat ".venv/.ready-$purpose" 2>/dev/null)" = "$(state_of "$lock")" ]; }

ready || find_python
bring_missing
! ready || exit 0
# A .venv made by uv has no pip.
[ -n "$uv" ] || .venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv
works || make_venv
install_locked
# The tests' lock holds all of the other: `make demo` after `make test` has nothing to do.
state_of requirements.lock >.venv/.ready-run
[ "$purpose" = run ] || state_of "$lock" >.venv/.ready-test
