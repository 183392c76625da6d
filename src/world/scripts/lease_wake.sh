# After a boot: starts again what looked after the leases of a run: FOLDER. Says how many it started.
begin
umask 077
m=0
for d in "$1"/lease.*; do
  [ -s "$d/command" ] && [ -s "$d/supervise" ] && ! [ -e "$d/stop" ] && ! tended && alone || continue
  tend && m=$((m + 1))
  free
done
say "$m"
