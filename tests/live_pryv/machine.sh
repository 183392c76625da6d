#!/bin/sh
# Process 1 of a machine: DIR NAME ADDRESS REGISTRY. Its own mounts, network, processes and name; a real sshd and a real Docker
# engine on it, whose socket is where every program looks for it. What it writes below /etc, /home, /root and /var is
# its own, and gone with it.
set -eu
dir=$1 name=$2 address=$3 mirror=$4
hostname "$name"
mount -t tmpfs -o mode=755,size=16g tmpfs "$dir/tree"
for folder in etc home root var; do
    mkdir -p "$dir/tree/$folder/up" "$dir/tree/$folder/work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$dir/tree/$folder/up,workdir=$dir/tree/$folder/work" overlay "/$folder"
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lock
sed -i 's,^\(root:.*:\)[^:]*$,\1/bin/sh,' /etc/passwd
rm -f /etc/resolv.conf /etc/machine-id
echo "nameserver $mirror" >/etc/resolv.conf
printf '%s' "$name" | sha256sum | cut -c1-32 >/etc/machine-id
printf '127.0.0.1 localhost\n%s %s\n' "$address" "$name" >/etc/hosts
cat "$dir/../ca.pem" >>/etc/ssl/certs/ca-certificates.crt
rm -rf /root/.ssh /root/.docker /var/lib/mig /var/pryv
mkdir -m 700 /root/.ssh
cp "$dir/../user_key.pub" /root/.ssh/authorized_keys
mkdir -p /home/docker/.docker
echo '{}' >/home/docker/.docker/config.json
cp -a "$dir/release" /var/pryv

until ip link show dev eth0 >/dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip address add "$address/24" dev eth0
ip link set eth0 up

cat >"$dir/sshd_config" <<END
ListenAddress $address
HostKey $dir/host_key
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
LogLevel ERROR
MaxStartups 100
SetEnv SHLVL=2
END
/usr/sbin/sshd -D -e -f "$dir/sshd_config" 2>"$dir/sshd.log" &
# A bridge of its own per network, with its own firewall rules: the namespace of this machine holds them.
dockerd --data-root "$dir/docker" --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$(basename "$(dirname "$dir")")" \
    --registry-mirror "http://$mirror:5000" --shutdown-timeout 5 --log-level warn >"$dir/dockerd.log" 2>&1 &
engine=$!
until docker version >/dev/null 2>&1; do
    kill -0 $engine
    sleep 0.1
done
touch "$dir/up"
wait $engine
