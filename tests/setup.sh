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
unzip:unzip
unshare:util-linux
nsenter:util-linux
setsid:util-linux
ip:iproute2
tc:iproute2
ps:procps
pgrep:procps
kill:procps
setpriv:util-linux
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
docker-compose:docker-compose
iptables:iptables
setpriv:util-linux
redis-server:redis-server
redis-cli:redis-tools
redis-check-rdb:redis-tools
influxd:influxdb
influx:influxdb-client
python3:python3
zsh:zsh
fish:fish
curl:curl
ss:iproute2
chromium:chromium
'

missing=
add() { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; }
for pair in $wanted; do
    program=${pair%%:*}
    command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || add "${pair#*:}"
done
# A compiler alone links nothing: SQLite is built from source.
echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 || add libc6-dev

# EC2 and S3 to test against, in a folder of its own.
moto="${XDG_CACHE_HOME:-$HOME/.cache}/mig-tests/moto"
needs_moto=
if ! command -v moto_server >/dev/null 2>&1 && ! "$moto/bin/moto_server" --help >/dev/null 2>&1; then
    needs_moto=yes
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || add python3-venv
fi

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

if [ -n "$needs_moto" ]; then
    echo "tests/setup.sh: installing moto into $moto"
    mkdir -p "$(dirname "$moto")"
    python3 -m venv --clear "$moto"
    "$moto/bin/pip" install --quiet --disable-pip-version-check 'moto[ec2,s3,server]==5.2.1'
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
