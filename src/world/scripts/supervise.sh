# Keeps the process of a lease running until its folder says otherwise, or is gone: FOLDER.
# It needs nobody who is connected. Its own state is in the folder: pid, state, why, log.
d=$1 n=0 w=1 e=- c= g=
read -r b </proc/sys/kernel/random/boot_id
read -r k </proc/$$/stat; k=${k##*) }; set -- $k
me="$$ ${20} $b"
trap '' HUP
trap 'g=yes' TERM INT
note() { printf '%s\n' "$1" 2>/dev/null >"$d/state.new" && mv "$d/state.new" "$d/state" 2>/dev/null; }
wanted() { [ -z "$g" ] && ! [ -e "$d/stop" ] && read -r k 2>/dev/null <"$d/pid" && [ "$k" = "$me" ]; }
runs() {
  [ -n "$c" ] && read -r k 2>/dev/null <"/proc/$c/stat" || return 1
  case ${k##*) } in Z*|X*) return 1;; esac
}
theirs() { grep -lF "MIG_LEASE=$d/" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'; runs && echo "$c"; }
quit() {
  j=0
  while [ $j -lt 80 ]; do
    l=$(theirs)
    [ -n "$l" ] || return 0
    case $j in 0) kill -TERM $l 2>/dev/null;; [5-9]?) kill -KILL $l 2>/dev/null;; esac
    sleep 0.1 2>/dev/null || { sleep 1; j=$((j + 9)); }
    j=$((j + 1))
  done
}
printf '%s\n' "$me" >"$d/pid.new" && mv "$d/pid.new" "$d/pid" || exit 1
while wanted; do
  [ -s "$d/log" ] && [ $(wc -c <"$d/log") -gt 4194304 ] && mv "$d/log" "$d/log.1"
  rm -f "$d/up"
  t=$(date +%s)
  MIG_LEASE=$d/ sh "$d/command" </dev/null >>"$d/log" 2>&1 &
  c=$!
  note "running $t $n $e $c"
  i=0
  while runs && wanted; do
    i=$((i + 1))
    if [ $i -lt 20 ]; then sleep 0.1 2>/dev/null || sleep 1; else sleep 1; fi
    [ $((i % 3)) = 0 ] && [ -e "$d/watch" ] && ! sh "$d/watch" "$c" </dev/null >>"$d/log" 2>&1 && break
  done
  quit
  wait "$c" 2>/dev/null
  e=$? c=
  wanted || break
  rm -f "$d/up"
  tail -n 1 "$d/log" 2>/dev/null | head -c 500 >"$d/why"
  n=$((n + 1)) u=$(date +%s)
  [ $((u - t)) -lt 60 ] || w=1
  note "waiting $u $n $e 0"
  i=0
  while [ $i -lt $((w * 5)) ] && wanted; do
    i=$((i + 1))
    sleep 0.2 2>/dev/null || { sleep 1; i=$((i + 4)); }
  done
  w=$((w * 2))
  [ $w -le 30 ] || w=30
done
quit
