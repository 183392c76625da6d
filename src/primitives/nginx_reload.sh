# Reloads nginx and waits until its new workers serve and none of the old ones does. `run_nginx` is
# defined before it. The master keeps its old workers when it cannot use a configuration: only they tell.
conf=$(run_nginx -T 2>/dev/null)
first() { printf '%s\n' "$conf" | sed -n "s/^[[:space:]]*$1[[:space:]]\{1,\}[\"']\{0,1\}\([^;\"'[:space:]]*\).*/\1/p" | head -n 1; }
built() { run_nginx -V 2>&1 | tr ' ' '\n' | sed -n "s/^--$1=//p" | head -n 1; }
full() { case $1 in /*) echo "$1";; *) echo "$(built prefix)/$1";; esac; }
file=$(first pid)
file=$(full "${file:-$(built pid-path)}")
read -r master 2>/dev/null <"$file" && [ -d "/proc/$master" ] || { echo "nginx does not run: there is no process by its pid file $file" >&2; exit 1; }
workers() {
  for d in /proc/[0-9]*; do
    read -r line 2>/dev/null <"$d/stat" || continue
    set -- ${line##*) }
    [ "$2" = "$master" ] || continue
    case $(tr '\0' ' ' 2>/dev/null <"$d/cmdline") in
      *"worker process is shutting down"*) ;;
      *"worker process"*) printf ' %s ' "${d#/proc/}";;
    esac
  done
}
old=$(workers)
run_nginx -s reload || exit 1
i=0
while [ $i -lt 100 ]; do
  fresh=no stale=no
  for w in $(workers); do
    case $old in *" $w "*) stale=yes;; *) fresh=yes;; esac
  done
  [ $fresh$stale = yesno ] && exit 0
  sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  i=$((i + 1))
done
echo "nginx was told to reload, but its old workers go on serving" >&2
log=$(first error_log)
log=$(full "${log:-$(built error-log-path)}")
[ -r "$log" ] && tail -n 200 "$log" | grep -F '[emerg]' | tail -n 3 >&2
exit 1
