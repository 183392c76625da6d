# What is known of a lease: $d is its folder.
# Whether a process of one boot lives: PID START BOOT.
same() {
  read -r z </proc/sys/kernel/random/boot_id
  [ -n "$3" ] && [ "$3" = "$z" ] && read -r z 2>/dev/null <"/proc/$1/stat" || return 1
  z=${z##*) }; set -- "$2" $z
  [ "$2" != Z ] && [ "$2" != X ] && [ "${21}" = "$1" ]
}
# Whether it is looked after; p is the one who does.
tended() {
  p= q= b=; read -r p q b 2>/dev/null <"$d/pid"
  [ -n "$b" ] && same "$p" "$q" "$b"
}
# Opening and closing one lease exclude each other: what a killed mig began may still go on here.
alone() {
  i=0
  while ! mkdir "${d%/*}/.${d##*/}" 2>/dev/null; do
    [ -d "${d%/*}" ] || return 1
    i=$((i + 1))
    [ $i -lt 200 ] || { rmdir "${d%/*}/.${d##*/}" 2>/dev/null; i=0; }
    sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  done
}
free() { rmdir "${d%/*}/.${d##*/}" 2>/dev/null; }
# Starts the one who looks after it, if nobody does.
tend() {
  tended && ! [ -e "$d/stop" ] && return 0
  i=0
  while tended && [ $i -lt 100 ]; do
    i=$((i + 1))
    sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  done
  rm -f "$d/stop" "$d/up"
  setsid sh "$d/supervise" "$d" </dev/null >>"$d/log" 2>&1 &
  i=0
  while [ $i -lt 200 ] && ! tended; do
    i=$((i + 1))
    sleep 0.05 2>/dev/null || { sleep 1; i=$((i + 19)); }
  done
  tended
}
# Its processes: those that have its name in their environment, and those of its session. A session
# whose leader is gone and whose number is a new process's is not ours.
theirs() {
  grep -lF "MIG_LEASE=$d/" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'
  k= q= b=; read -r k q b 2>/dev/null <"$d/pid"
  read -r z </proc/sys/kernel/random/boot_id
  [ -n "$b" ] && [ "$b" = "$z" ] || return 0
  [ -e "/proc/$k" ] && ! same "$k" "$q" "$b" && return 0
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v s="$k" '{ i = $1; sub(/^.*\) /, ""); split($0, f, " "); if (f[1] != "Z" && f[1] != "X" && f[4] == s) print i }'
}
# Ends all of it: TERM, after 5 s KILL.
quit() {
  true 2>/dev/null >"$d/stop"
  j=0
  while [ $j -lt 80 ]; do
    l=$(theirs)
    [ -n "$l" ] || return 0
    case $j in 0) kill -TERM $l 2>/dev/null;; [5-9]?) kill -KILL $l 2>/dev/null;; esac
    sleep 0.1 2>/dev/null || { sleep 1; j=$((j + 9)); }
    j=$((j + 1))
  done
  return 1
}
