#!/bin/sh
# Installs what the tests need beside Rust, through apt where it is there, saying what it installs.
# Run as often as you like: what is there is left alone.
set -eu

# program:package of Debian
wanted='
ssh:openssh-client
ssh-keygen:openssh-client
sshd:openssh-server
rsync:rsync
unshare:util-linux
nsenter:util-linux
setsid:util-linux
ip:iproute2
ps:procps
pgrep:procps
kill:procps
timeout:coreutils
awk:mawk
hostname:hostname
pkill:procps
sudo:sudo
tmux:tmux
nginx:nginx-light
named:bind9
openssl:openssl
cc:gcc
dockerd:docker.io
docker:docker.io
setpriv:util-linux
redis-server:redis-server
redis-cli:redis-tools
redis-check-rdb:redis-tools
python3:python3
'

missing=
add() { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; }
for pair in $wanted; do
    program=${pair%%:*}
    command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || add "${pair#*:}"
done
# A compiler alone links nothing: SQLite is built from source.
echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 || add libc6-dev

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "tests/setup.sh: please install what Debian calls:$missing" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1 || ! sudo -n true 2>/dev/null; then
            echo "tests/setup.sh: as root: apt-get install --no-install-recommends$missing" >&2
            exit 1
        fi
        as_root='sudo -n'
    fi
    echo "tests/setup.sh: installing$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo 'tests/setup.sh: cargo is missing: install Rust with rustup, see https://rustup.rs' >&2
    exit 1
fi
# Without these two everything is tested but format and lints; tests/run says so.
for part in fmt clippy; do
    cargo "$part" --version >/dev/null 2>&1 && continue
    component=$part
    [ "$part" = clippy ] || component=rustfmt
    if command -v rustup >/dev/null 2>&1; then
        echo "tests/setup.sh: installing $component through rustup"
        rustup component add "$component" || true
    fi
done
