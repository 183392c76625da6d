# Ends the receiving sides of copies that still run: KEPT.
begin
[ -s "$1/pids" ] || say ok
alive() { tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -q '^rsync --server '; }
i=0
while [ $i -lt 50 ]; do
  l=
  for p in $(cat "$1/pids"); do
    for q in $p $(cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$p" '{ i = $1; sub(/^.*\) /, ""); split($0, f, " "); if (f[2] == p) print i }'); do
      alive "$q" && l="$l $q"
    done
  done
  [ -z "$l" ] && say ok
  if [ $i -lt 40 ]; then kill -TERM $l 2>/dev/null; else kill -KILL $l 2>/dev/null; fi
  sleep 0.1 2>/dev/null || sleep 1
  i=$((i + 1))
done
say stayed
