# Takes the lock of a machine, and makes the folder of a run or finds it:
# BASE RUN MARKER KNOWN MACHINE LOCK OWNER PLAYBOOK SINCE [PROGRAMS].
# KNOWN: the marker the journal has, or "-". LOCK: its id, or "-" to take none.
# PROGRAMS: nothing is known of it yet. Then it greets first, which saves a session; BASE may be empty, and MACHINE is the
# machine-id of the journal, if KNOWN is there.
# ok MARKER BOOT LOCK TOKENS (of all commands that were started) | wiped | held LOCK (its lines, tabs between them) |
# other (it is another machine) | bad WHY.
b=$1 m=$3 known=$4 machine=$5 id=$6
run=$2 owner=$7 playbook=$8 since=$9 made=no new=
if [ -n "${10}" ]; then
  greet "${10}"
  [ "$known" = - ] || [ "$machine" = "$mid" ] || say other
  machine=$mid b=${b:-$base}
fi
r=$b/$run l=$b/lock
umask 077
# Nothing of a run is left where it may not work.
no() { [ $made = no ] || rm -rf "$r"; say "$@"; }
ours() {
  [ -L "$1" ] && no "bad $1 is a symbolic link"
  [ -d "$1" ] || no "bad $1 is not a folder"
  [ -O "$1" ] || no "bad $1 belongs to $(stat -c %U "$1"), not to $(id -un)"
}
closed() { case $(stat -c %a "$r") in 700) ;; *) no "bad $r is open to others (mode $(stat -c %a "$r"), expected 700)";; esac; }
mark() { printf '%s\n%s\n%s\n' "$m" "$o" "$machine" 2>/dev/null >"$new"; }
marker() { { read -r k && read -r o && read -r u; } 2>/dev/null <"$r/marker"; }
# One link made in one go: whoever sees the lock sees all of it, and only one of several makes it.
# What it is a link to stays in the folder of the run: removing it would be a process more.
lock() {
  [ "$id" = - ] && return
  i=0 f=$r/lock.$m
  [ -d "$r" ] || f=$l.$m
  while [ $i -lt 5 ]; do
    if [ -e "$l" ]; then
      k= o=; { read -r k; read -r o; } 2>/dev/null <"$l"
      [ "$o" = "$run" ] && { id=$k; return; }
      no "held $(head -c 2000 "$l" | tr '\n' '\t')"
    fi
    if printf '%s\n' "$id" "$run" "$owner" "$playbook" "$since" 2>/dev/null >"$f"; then
      # The marker goes to the disk with it, in the time of one.
      sync "$f" ${new:+"$new"} 2>/dev/null
      ln "$f" "$l" 2>/dev/null && { new=; [ "$f" = "$r/lock.$m" ] || rm -f "$f"; return; }
    fi
    i=$((i + 1))
  done
  rm -f "$f"
  no "bad the lock $l cannot be made; is the disk full, or read-only?"
}
if [ "$known" != - ]; then [ -d "$b" ] || say wiped
else
  [ -d "$b" ] || mkdir -p "$b" 2>/dev/null || say "bad $b cannot be made; is it read-only, or another's?"
fi
ours "$b"
if [ "$known" != - ]; then
  if [ -e "$r" ] || [ -L "$r" ]; then ours "$r"; closed; fi
  lock
  marker && [ "$k" = "$known" ] || say wiped
else
  if ! [ -e "$r" ] && ! [ -L "$r" ]; then
    mkdir -m 700 "$r" 2>/dev/null && made=yes || [ -d "$r" ] || no "bad $r cannot be made; is the disk full, or read-only?"
  fi
  ours "$r"
  [ $made = yes ] || closed
  if ! marker; then
    read -r o </proc/sys/kernel/random/boot_id
    new=$r/marker
    set -C; mark; e=$?; set +C
    # Another name of this machine makes it just now, or somebody was killed while he did.
    [ $e = 0 ] || { sleep 1; marker && new= || mark; }
  fi
  lock
  marker || no "bad nothing can be written in $r; is the disk full, or read-only?"
  [ -z "$new" ] || sync "$new" 2>/dev/null
fi
t=
for f in "$r"/*.started; do
  [ -e "$f" ] && f=${f##*/} && t="$t ${f%.started}"
done
say "ok $k $o $id$t"
