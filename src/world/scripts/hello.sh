# What a machine says of itself: one line each, all of them at once: a message for each would take longer.
# PROGRAMS to look for.
begin
p=$1 e='
'
k=$(id) u=${k#uid=} g=${k#*gid=} i=${u%%[!0-9]*} v=
case $u in "$i("*) v=${u#*\(} v=${v%%\)*};; esac
t="uid $i${e}gid ${g%%[!0-9]*}${e}user $v${e}home $HOME${e}state $XDG_STATE_HOME${e}shell $SHELL$e"
read -r k </proc/sys/kernel/random/boot_id && t="${t}boot $k$e"
[ -r /etc/machine-id ] && read -r k </etc/machine-id && t="${t}machine $k$e"
[ -r /etc/os-release ] && t="${t}os $(. /etc/os-release; echo "$PRETTY_NAME")$e"
read -r k </proc/sys/kernel/osrelease && t="${t}kernel Linux $k$e"
read -r k </proc/sys/kernel/hostname && t="${t}hostname $k$e"
set --
for f in / /var /tmp "$HOME"; do [ -d "$f" ] && set -- "$@" "$f"; done
free() {
  read -r k
  for f in "$@"; do read -r k k k k o && t="${t}free $k $f$e"; done
}
if k=$(df -Pk "$@" 2>/dev/null); then free "$@" <<END
$k
END
else
  # One of them cannot be looked at: each by itself, so that none is taken for another.
  for w in "$@"; do k=$(df -Pk "$w" 2>/dev/null) && free "$w" <<END
$k
END
  done
fi
# Without a process for each: that would take longer than all the rest.
o=$IFS
for f in $p; do
  IFS=:; for k in $PATH; do [ -f "$k/$f" ] && [ -x "$k/$f" ] && t="${t}program $f $k/$f$e" && break; done; IFS=$o
done
printf %s "$t"
say ok
