# What a machine says of itself: one line each.
begin
echo "uid $(id -u)"; echo "gid $(id -g)"; echo "user $(id -un)"; echo "home $HOME"; echo "state $XDG_STATE_HOME"
read -r k </proc/sys/kernel/random/boot_id && echo "boot $k"
[ -r /etc/machine-id ] && read -r k </etc/machine-id && echo "machine $k"
[ -r /etc/os-release ] && echo "os $(. /etc/os-release; echo "$PRETTY_NAME")"
echo "kernel $(uname -sr)"; echo "hostname $(uname -n)"
for f in / /var /tmp "$HOME"; do [ -d "$f" ] && echo "free $(df -Pk "$f" 2>/dev/null | awk 'NR == 2 { print $4 }') $f"; done
for f in $1; do k=$(command -v "$f" 2>/dev/null) && echo "program $f $k"; done
say ok
