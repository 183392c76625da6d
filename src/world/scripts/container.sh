# Runs a command in a container, tells how far it is, or ends it there: DIGEST run|look|end. Sent as a
# file, with the finder above it as a text in `finder`, and these set before it:
# CONTAINER MARK PREFIX TEMPLATE, then the words of docker exec.
# The client of docker exits with the command's code, with its own (1, 125, 126, 127), and when it dies the
# command goes on: so those codes are believed only if the engine says that the command ended with them.
# In run mode a code that is not the command's is 125, and PREFIX.note says why:
# failed CODE (docker did, nothing ran) | cut CODE (it ended so, its output is not whole) | lost WHY.
mode=$2 c=$3 m=$4 at=$5 t=$6
shift 6
# By its events, which it keeps for a while: said is ended CODE | begun | nothing | mute.
ask_engine() {
  said=mute
  [ -n "$t" ] || return
  k=$(docker events --since "$(date -r "$at.started" +%s)" --until "$(date +%s.%N)" --filter "container=$c" --format "$t" 2>/dev/null </dev/null) || return
  said=$(printf '%s\n' "$k" | awk '$2 == "mine" { m[$1] = 1; n = 1 } $2 == "died" && ($1 in m) { c = $3; d++ }
    END { if (d == 1) print "ended", c; else if (n) print "begun"; else print "nothing" }')
}
# seen is ended CODE | alive | gone | blind WHY.
look() {
  ask_engine
  case $said in ended*) seen=$said; return;; esac
  root=no; [ "$(id -u)" = 0 ] && root=yes
  [ $root = yes ] && [ -n "$(MIG_LOOK=$m sh -c "$finder" sh look here)" ] && { seen=alive; return; }
  k=$(docker inspect --type container -f '{{.State.Running}} {{.State.Pid}} {{.Id}}' -- "$c" 2>&1 </dev/null) || {
    case $k in *"No such"*) seen=gone;; *) seen="blind $k";; esac
    return
  }
  set -- $k
  [ "$1" = true ] || { seen=gone; return; }
  # Root sees every process of a container of this very machine.
  [ $root = yes ] && grep -qF -e "$3" "/proc/$2/cgroup" 2>/dev/null && { seen=gone; return; }
  if k=$(docker exec -e "MIG_LOOK=$m" "$c" sh -c "$finder" sh look inside 2>&1 </dev/null); then
    case $k in '') seen=gone;; unsure) seen="blind it cannot look into the processes of $c";; *) seen=alive;; esac
  else seen="blind $k"; fi
}
end() {
  # What is seen here is ended from here.
  if [ "$(id -u)" = 0 ]; then
    k=$(MIG_LOOK=$m sh -c "$finder" sh look here)
    [ -n "$k" ] && { MIG_LOOK=$m sh -c "$finder" sh end here; return; }
  fi
  docker exec -e "MIG_LOOK=$m" "$c" sh -c "$finder" sh end inside
}
note() { printf '%s\n' "$*" >"$at.note"; exit 125; }
# Whether the last that was said is what docker says before anything runs. Some of it is on its output.
never_began() {
  command -v docker >/dev/null || return 0
  for k in "$at.err" "$at.out"; do
    case $(tail -n 1 "$k" 2>/dev/null) in
      *"No such exec instance"*) ;;
      "Error response from daemon: "*|"OCI runtime exec failed"*|"unable to find user "*|"unable to find group "*) return 0;;
      "Cannot connect to the Docker daemon"*|*"ermission denied while trying to connect"*|*"docker daemon is not running"*) return 0;;
    esac
  done
  return 1
}
case $mode in
look)
  read -r k k k k k u 2>/dev/null <"$at.started"
  read -r q k </proc/uptime
  look
  # It may have ended between the two questions, and the engine says it a moment later.
  n=0
  while [ "$seen $said" = "gone begun" ] && [ $n -lt 10 ]; do
    sleep 0.1 2>/dev/null || sleep 1
    look
    n=$((n + 1))
  done
  echo "$((${q%.*} - ${u%.*})) $seen"
  exit 0;;
end) end; exit 0;;
esac
# A time-out ends the client, and this: then what it began in the container is ended too.
trap 'trap "" TERM; setsid sh "$0" - end </dev/null >/dev/null 2>&1 & wait $!; exit 143' TERM
# What this shell says of a child that was killed is not the command's.
exec 3>&2 2>/dev/null
"$@" 2>&3 3>&-
e=$?
[ "$e" = 1 ] || [ "$e" -ge 125 ] || exit "$e"
cut=no n=0
while :; do
  look
  case $seen in
    "ended $e") [ $cut = no ] && exit "$e"; note "cut $e";;
    ended*) note "cut ${seen#ended }";;
    # Its client died, and it goes on.
    alive) cut=yes; sleep 1; continue;;
  esac
  [ $cut = no ] && [ "$e" -lt 128 ] && never_began && note "failed $e"
  n=$((n + 1))
  case $seen in
    # The engine says it a moment later.
    gone) [ "$said" = begun ] && [ $n -lt 20 ] && { sleep 0.1 2>/dev/null || sleep 1; continue; };;
    *) [ $n -lt 30 ] && { sleep 1; continue; };;
  esac
  break
done
# Nothing is known of it but what the client said. Its own codes were looked at above.
[ $cut = no ] && [ "$e" -lt 128 ] && [ "$said" != begun ] && exit "$e"
note "lost $seen"
