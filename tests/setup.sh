#!/bin/sh
# Installs what the tests need beside Rust, through apt where it is there, saying what it installs.
# Run as often as you like: what is there is left alone.
set -eu

# program:package
wanted='
ssh:openssh-client
sshd:openssh-server
rsync:rsync
unshare:util-linux
ip:iproute2
pkill:procps
sudo:sudo
tmux:tmux
cc:gcc
python3:python3-minimal
'

missing=
for pair in $wanted; do
    program=${pair%%:*}
    command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || missing="$missing ${pair#*:}"
done

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "tests/setup.sh: please install what provides:$missing" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || { echo "tests/setup.sh: as root: apt-get install$missing" >&2; exit 1; }
        as_root='sudo -n'
    fi
    echo "tests/setup.sh: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo 'tests/setup.sh: cargo is missing: install Rust with rustup, see https://rustup.rs' >&2
    exit 1
fi
