# Takes the lock of a machine, and makes the folder of a run or finds it:
# BASE RUN MARKER KNOWN MACHINE LOCK OWNER PLAYBOOK SINCE [PROGRAMS].
# KNOWN: the marker the journal has, or "-". LOCK: its id, or "-" to take none.
# PROGRAMS: nothing is known of it yet. Then it greets first, which saves a session; BASE may be empty, and MACHINE is the
# machine-id of the journal, if KNOWN is there.
# ok MARKER BOOT LOCK TOKENS (of all commands that were started) | wiped | held LOCK (its lines, tabs between them) |
# other (it is another machine) | bad WHY.
b=$1 m=$3 known=$4 machine=$5 id=$6
run=$2 owner=$7 playbook=$8 since=$9 made=no new=
begin
if [ -n "${10}" ]; then
  greet "${10}"
  [ "$known" = - ] || [ "$machine" = "$mid" ] || say other
  machine=$mid b=${b:-$base}
fi
r=$b/$run l=$b/lock
umask 077
no() { [ -z "$new" ] || rm -f "$new"; say "$@"; }
# Made aside: whoever sees the marker sees all of it.
marker() { new=$1; printf '%s\n%s\n%s\n' "$m" "$o" "$machine" 2>/dev/null >"$new"; }
# One link made in one go: whoever sees the lock sees all of it, and only one of several makes it.
lock() {
  [ "$id" = - ] && return
  i=0
  while [ $i -lt 5 ]; do
    if [ -e "$l" ]; then
      k= o=; { read -r k; read -r o; } 2>/dev/null <"$l"
      [ "$o" = "$run" ] && { id=$k; return; }
      no "held $(head -c 2000 "$l" | tr '\n' '\t')"
    fi
    # The marker goes to the disk with it, in the time of one.
    [ "$known" = - ] && ! [ -e "$r" ] && read -r o </proc/sys/kernel/random/boot_id && marker "$l.$m.marker"
    { printf '%s\n' "$id" "$run" "$owner" "$playbook" "$since" >"$l.$m" && sync "$l.$m" ${new:+"$new"}; } 2>/dev/null
    if [ -s "$l.$m" ] && ln "$l.$m" "$l" 2>/dev/null; then rm -f "$l.$m"; return; fi
    rm -f "$l.$m"
    i=$((i + 1))
  done
  no "bad the lock $l cannot be made; is the disk full, or read-only?"
}
if [ "$known" != - ]; then [ -d "$b" ] || say wiped
else
  [ -d "$b" ] || mkdir -p "$b" 2>/dev/null || say "bad $b cannot be made; is it read-only, or another's?"
fi
for f in "$b" "$r"; do
  [ -L "$f" ] && no "bad $f is a symbolic link"
  if [ "$f" = "$r" ]; then
    lock
    if [ "$known" != - ]; then
      { read -r k && read -r o; } 2>/dev/null <"$r/marker" || say wiped
      [ "$k" = "$known" ] || say wiped
    elif ! [ -e "$r" ]; then
      mkdir -m 700 "$r" 2>/dev/null && made=yes || [ -d "$r" ] || no "bad $r cannot be made; is the disk full, or read-only?"
    fi
  fi
  [ -d "$f" ] || no "bad $f is not a folder"
  [ -O "$f" ] || no "bad $f belongs to $(stat -c %U "$f"), not to $(id -un)"
done
[ $made = yes ] || case $(stat -c %a "$r") in 700) ;; *) no "bad $r is open to others (mode $(stat -c %a "$r"), expected 700)";; esac
if [ "$known" = - ]; then
  if ! [ -s "$r/marker" ]; then
    if [ -z "$new" ]; then
      read -r o </proc/sys/kernel/random/boot_id
      marker "$r/marker.new" && sync "$new" 2>/dev/null
    fi
    mv "$new" "$r/marker" 2>/dev/null && new=
  fi
  { read -r k && read -r o; } 2>/dev/null <"$r/marker" || no "bad nothing can be written in $r; is the disk full, or read-only?"
  [ -z "$new" ] || rm -f "$new"
fi
t=
for f in "$r"/*.started; do
  [ -e "$f" ] && f=${f##*/} && t="$t ${f%.started}"
done
say "ok $k $o $id$t"
