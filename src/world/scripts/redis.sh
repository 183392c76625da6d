# Changes the role of a Redis server: VERB CONTAINER KEPT SECONDS, then ADDRESS PORT USER of the server
# and of the other one, then what the verb needs; "-" is nothing. Both passwords come on stdin, a line
# each, and go on to redis-cli on its stdin: no argument and no environment has them.
#
# Whatever it finds, it does what is left: it may be started again after any end. What redis-cli exits
# with is not believed (0 on an error reply): replies are read, and the servers asked again.
verb=$1 container=$2 kept=$3 limit=$4 own_h=$5 own_p=$6 own_u=$7 other_h=$8 other_p=$9
shift 9
other_u=$1
shift
own_w= other_w=
IFS= read -r own_w || :
IFS= read -r other_w || :
umask 077
LC_ALL=C
nl='
'
# Centiseconds since boot: nobody sets this clock.
now() { read -r up rest </proc/uptime; echo "${up%.*}${up#*.}"; }
began=$(now)
left() { [ $(($(now) - began)) -lt $((limit * 100)) ]; }
nap() { sleep "${1:-0.05}" 2>/dev/null || sleep 1; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# redis-cli where Redis runs: LIMIT, then its arguments.
cli() {
  t=$1; shift
  if [ "$container" = - ]; then timeout "$t" redis-cli "$@"; else timeout "$t" docker exec -i "$container" redis-cli "$@"; fi
}
# A text in quotes, as redis-cli reads it.
quoted() { printf '%s\n' "$1" | sed 's/[\\"]/\\&/g; s/^/"/; s/$/"/'; }
side() {
  if [ "$1" = own ]; then h=$own_h p=$own_p u=$own_u w=$own_w; else h=$other_h p=$other_p u=$other_u w=$other_w; fi
}
# Says commands to a server (own, other) and prints the replies; on 1 it prints why there is none.
tell() {
  side "$1"; shift
  out=$({
    if [ -n "$w" ]; then
      if [ "$u" = - ]; then printf 'AUTH %s\n' "$(quoted "$w")"; else printf 'AUTH %s %s\n' "$(quoted "$u")" "$(quoted "$w")"; fi
    fi
    printf '%s\n' "$@"
  } | cli 20 -h "$h" -p "$p" 2>&1; ) || { [ -n "$out" ] || out="no answer from $h:$p"; }
  out=$(printf '%s\n' "$out" | tr -d '\r')
  if [ -n "$w" ]; then
    first=${out%%"$nl"*}
    case $first in
      OK | *"without any password configured"* | *"no password is set"*) out=${out#"$first"}; out=${out#"$nl"}; out=${out#"$nl"} ;;
      *) printf '%s\n' "$first"; return 1 ;;
    esac
  fi
  printf '%s\n' "$out"
  case $out in
    '' | 'Could not connect'* | 'Error: '* | 'no answer from'* | NOAUTH* | WRONGPASS* | NOPERM* | DENIED* | ERR*) return 1 ;;
  esac
}
# Says a command that changes something; the reply must be OK.
order() {
  r=$(tell "$@") || return 1
  case $r in OK*) return 0 ;; *) return 1 ;; esac
}
# What INFO says of a server, in i; its fields with f.
ask() { i=$(tell "$1" INFO) || { side "$1"; why="$h:$p does not tell about itself: ${i%%"$nl"*}"; return 1; }; }
must_ask() { ask "$1" || fail "$why"; }
f() { printf '%s\n' "$i" | sed -n "s/^$1://p" | head -n 1; }
keys() { printf '%s\n' "$i" | sed -n 's/^db[0-9]*:keys=\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }
# Whether the server of i follows ADDRESS PORT.
follows() { [ "$(f role)" = slave ] && [ "$(f master_host)" = "$1" ] && [ "$(f master_port)" = "$2" ]; }
# Whether own has what other had when it was asked first.
in_step() {
  ask other || return 1
  o_id=$(f master_replid) o_at=$(f master_repl_offset)
  ask own || return 1
  why="its link is $(f master_link_status)"
  [ "$(f loading)$(f master_sync_in_progress)$(f master_link_status)" = 00up ] || return 1
  why="it is behind: $(f master_repl_offset) of $o_at"
  [ "$(f master_replid)" = "$o_id" ] && [ "$(f master_repl_offset)" -ge "$o_at" ]
}
role_back() {
  if [ "$1" = - ]; then order own 'REPLICAOF NO ONE'; else order own "REPLICAOF $1 $2"; fi
}

# ---- NAME KEYS: a copy of the data, looked over
keep() {
  name=$1 wanted=$2 file=$kept/$1.rdb
  mkdir -p -- "$kept" || fail "no copy can be kept: $kept cannot be made"
  [ ! -s "$file" ] || { echo "a copy is kept already"; return; }
  set -- -h "$own_h" -p "$own_p"
  [ "$own_u" = - ] || set -- "$@" --user "$own_u"
  [ -z "$own_w" ] || set -- "$@" --askpass
  printf '%s\n' "$own_w" | cli "$limit" "$@" --rdb - >"$file.new" 2>"$file.said" ||
    { rm -f -- "$file.new"; fail "no copy could be made: $(tail -n 1 "$file.said")"; }
  if [ "$container" = - ]; then said=$(redis-check-rdb "$file.new" 2>&1)
  else said=$(docker exec -i "$container" redis-check-rdb /dev/stdin <"$file.new" 2>&1); fi
  case $said in
    *'RDB looks OK'*) ;;
    *) rm -f -- "$file.new"; fail "the copy that was made is not whole: $(printf '%s\n' "$said" | tail -n 1)" ;;
  esac
  n=$(printf '%s\n' "$said" | sed -n 's/^\[info\] \([0-9]*\) keys read.*/\1/p')
  [ "${n:-0}" -gt 0 ] || [ "$wanted" -eq 0 ] || { rm -f -- "$file.new"; fail "the copy that was made has no keys, of $wanted"; }
  printf '%s\n' "${n:-0}" >"$kept/$name.keys"
  sync "$file.new" 2>/dev/null || sync
  mv -f -- "$file.new" "$file" || fail "the copy cannot be put in $kept"
  rm -f -- "$file.said"
  echo "kept a copy of ${n:-0} keys, $(wc -c <"$file") bytes"
}

# SIDE NAME: the password with which a side follows the other one. One that was set is not replaced; one
# that is set here goes when the change is taken back.
masterauth() {
  if [ "$1" = own ]; then its_u=$other_u its_w=$other_w at=other; else its_u=$own_u its_w=$own_w at=own; fi
  # One that wants none does not take one either, of a replica.
  side "$at"
  if [ "$(printf 'PING\n' | cli 20 -h "$h" -p "$p" 2>/dev/null)" = PONG ]; then its_w=; fi
  r=$(tell "$1" 'CONFIG GET masterauth') || fail "it does not tell its masterauth: ${r%%"$nl"*}"
  have=$(printf '%s\n' "$r" | sed -n 2p)
  [ "$have" != "$its_w" ] || return 0
  [ -n "$its_w" ] || fail "$h:$p wants no password, and refuses a replica that has one: take masterauth away, or give both the same"
  side "$1"
  [ -z "$have" ] || fail "the masterauth of $h:$p is another password than the one that was given for the server it is to follow"
  mkdir -p -- "$kept" && : >"$kept/$2.$1.auth"
  [ "$its_u" = - ] || order "$1" "CONFIG SET masteruser $(quoted "$its_u")" || fail "masteruser cannot be set: $r"
  order "$1" "CONFIG SET masterauth $(quoted "$its_w")" || fail "masterauth cannot be set: $r"
  echo "masterauth of $h:$p is set until it restarts: write it into its configuration file too"
}
masterauth_back() {
  [ -e "$kept/$2.$1.auth" ] || return 0
  order "$1" 'CONFIG SET masteruser ""' || :
  order "$1" 'CONFIG SET masterauth ""'
}

# ---- NAME BEFORE_ADDRESS BEFORE_PORT PER_MILLE HAD
follow() {
  name=$1 b_h=$2 b_p=$3 ratio=$4 had=$5
  must_ask own
  if ! follows "$other_h" "$other_p"; then
    me=$(f run_id) mine=$(keys)
    while :; do
      must_ask other
      [ "$(f loading)" = 1 ] || break
      left || fail "$other_h:$other_p is still loading its data"
      nap 0.5
    done
    [ "$(f run_id)" != "$me" ] || fail "$other_h:$other_p is this server itself"
    theirs=$(keys)
    [ "$mine" -eq 0 ] || [ "$theirs" -gt 0 ] || [ "$ratio" -eq 0 ] || fail "refused: $other_h:$other_p is empty, and this server has $mine keys"
    [ $((theirs * 1000)) -ge $((mine * ratio)) ] || fail "refused: $other_h:$other_p has $theirs keys, and this server $mine"
    masterauth own "$name"
    r=$(tell own "REPLICAOF $other_h $other_p") || fail "REPLICAOF: ${r%%"$nl"*}"
    case $r in OK*) ;; *) fail "REPLICAOF: ${r%%"$nl"*}" ;; esac
  fi
  steady=0 why=
  while left; do
    if in_step; then
      steady=$((steady + 1))
      [ "$steady" -lt 2 ] || { ask own; echo "follows $other_h:$other_p, with $(keys) keys"; return; }
    else
      steady=0
    fi
    nap 0.2
  done
  [ "$steady" -eq 0 ] || [ -n "$why" ] || why="it was not steady"
  # Nothing came over: then nothing was dropped, and it is what it was.
  if ask own && [ "$(f loading)$(f master_link_status)" = 0down ] && [ "$(keys)" -ge "$had" ] && role_back "$b_h" "$b_p"; then
    masterauth_back own "$name"
    fail "it does not follow $other_h:$other_p within $limit s: $why; it is what it was before, with all of its $(keys) keys"
  fi
  fail "it does not follow $other_h:$other_p within $limit s: $why"
}

# ---- NAME BEFORE_ADDRESS BEFORE_PORT COPY
leave() {
  name=$1 b_h=$2 b_p=$3 copy=$4
  must_ask own
  while [ "$(f loading)" = 1 ]; do
    left || fail "it is still loading its data"
    nap 0.5
    must_ask own
  done
  if [ "$b_h" != - ]; then
    follows "$b_h" "$b_p" || follows "$other_h" "$other_p" || fail "it is not what this run made of it: $(state)"
    r=$(tell own "REPLICAOF $b_h $b_p") || fail "REPLICAOF: ${r%%"$nl"*}"
    while left; do
      ask own && [ "$(f loading)$(f master_sync_in_progress)$(f master_link_status)" = 00up ] && { echo "follows $b_h:$b_p again"; return; }
      nap 0.2
    done
    fail "it does not follow $b_h:$b_p again within $limit s: its link is $(f master_link_status)"
  fi
  n=0
  [ ! -s "$kept/$copy.rdb" ] || n=$(cat -- "$kept/$copy.keys")
  if [ "$(f role)" = slave ] && ! follows "$other_h" "$other_p" && [ ! -e "$kept/$copy.back" ]; then
    fail "it is not what this run made of it: $(state)"
  fi
  have=$(keys)
  if [ "$(f role)" = slave ] && [ "$have" -gt 0 ] && [ "$have" -lt "$n" ] && [ ! -e "$kept/$copy.back" ]; then
    fail "it has $have keys now, and the copy that was kept has $n: which are right, only you can say." \
      "To keep what it has: redis-cli replicaof no one. To have the copy back: redis-cli replicaof no one, then flushall." \
      "Then roll back again. The copy is $kept/$copy.rdb"
  fi
  if [ "$(f role)" = slave ]; then order own 'REPLICAOF NO ONE' || fail "REPLICAOF NO ONE: ${r%%"$nl"*}"; fi
  if [ -e "$kept/$copy.back" ] || { [ "$have" -eq 0 ] && [ "$n" -gt 0 ]; }; then bring_back "$copy" "$n"; fi
  masterauth_back own "$name" || fail "masterauth cannot be taken back"
  must_ask own
  [ "$(f role)" = master ] || fail "it is not a primary again: $(state)"
  echo "a primary again, with $(keys) keys"
}
state() {
  if [ "$(f role)" = slave ]; then echo "it follows $(f master_host):$(f master_port)"; else echo "it is a primary"; fi
}

# Brings a copy back into the running server: a second one loads it, and for a moment is followed.
bring_back() {
  in_place() { if [ "$container" = - ]; then "$@"; else docker exec -i "$container" "$@"; fi; }
  end_second() {
    [ -z "$bport" ] || printf 'AUTH %s\nSHUTDOWN NOSAVE\n' "$once" | cli 20 -h 127.0.0.1 -p "$bport" >/dev/null 2>&1
    in_place rm -rf -- "$d"
  }
  # What an attempt that was cut off left running.
  if [ -s "$kept/$1.back" ]; then
    read -r bport once d <"$kept/$1.back"
    end_second
  fi
  must_ask own
  program=$(f executable)
  # It is what the server was started as, which need not be a file.
  in_place test -x "$program" || program=redis-server
  a=$(tell own 'CONFIG GET masterauth') && a=$(printf '%s\n' "$a" | sed -n 2p) || fail "it does not tell its masterauth"
  [ ! -e "$kept/$name.own.auth" ] || a=
  : >"$kept/$1.back"
  once=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  d=$(in_place mktemp -d) || fail "no folder for the second server"
  in_place sh -c 'umask 077; cat >"$1"' mig "$d/copy.rdb" <"$kept/$1.rdb" || fail "the copy cannot be brought to $d"
  bport= tries=0
  while [ -z "$bport" ] && [ "$tries" -lt 20 ]; do
    tries=$((tries + 1))
    try=$((20000 + ($(od -An -N2 -tu2 /dev/urandom) % 20000)))
    printf '%s\n' "port $try" 'bind 127.0.0.1' "requirepass $once" "dir $d" 'dbfilename copy.rdb' 'save ""' 'appendonly no' 'daemonize yes' "pidfile $d/pid" "logfile $d/log" |
      in_place sh -c 'umask 077; cat >"$1"' mig "$d/conf"
    in_place "$program" "$d/conf" >/dev/null 2>&1 </dev/null || continue
    k=0
    while [ "$k" -lt 40 ]; do
      k=$((k + 1))
      s=$(printf 'AUTH %s\nINFO server\n' "$once" | cli 20 -h 127.0.0.1 -p "$try" 2>&1)
      case $s in OK*"config_file:$d/conf"*) bport=$try; break ;; esac
      nap 0.1
    done
  done
  [ -n "$bport" ] && printf '%s\n' "$bport $once $d" >"$kept/$1.back"
  if [ -n "$bport" ] && order own 'CONFIG SET masteruser ""' "CONFIG SET masterauth $once" && order own "REPLICAOF 127.0.0.1 $bport"; then
    back=no
    while left; do
      if ask own && [ "$(f loading)$(f master_sync_in_progress)$(f master_link_status)" = 00up ]; then back=yes; break; fi
      nap 0.2
    done
    order own 'REPLICAOF NO ONE'
  else
    back=no
  fi
  order own "CONFIG SET masterauth $(quoted "$a")"
  end_second
  must_ask own
  [ "$back" = yes ] && [ "$(keys)" -gt 0 ] || fail "the copy could not be brought back: it is $kept/$1.rdb, and holds $2 keys; put it in the place of the server's own file by hand"
  rm -f -- "$kept/$1.back"
  echo "the copy is back"
}

# ---- hand_over OLD NEW ADDRESS PORT MILLISECONDS NAME: NEW, a replica of OLD, becomes the primary of OLD.
#
# OLD's writes are held until NEW has everything. Then OLD becomes the replica first: from there on it
# takes no write, whether or not the hold has run out. If one came in between, it is a primary again, and
# nothing has happened; else NEW is made a primary. So there are never two, and what a client was told
# is written is on both.
hand_over() {
  old=$1 new=$2 to_h=$3 to_p=$4 ms=$5 place=$kept/$6.$2.at lap=0
  mkdir -p -- "$kept" || fail "nothing can be noted in $kept"
  # Where an attempt that was cut off had seen it.
  if [ "$to_h" = - ] && [ -s "$place" ]; then read -r to_h to_p <"$place"; fi
  while :; do
    must_ask "$old"
    o_role=$(f role) o_id=$(f master_replid) o_id2=$(f master_replid2) o_at=$(f master_repl_offset) o_since=$(f second_repl_offset)
    seen=$(printf '%s\n' "$i" | sed -n 's/^slave[0-9]*:ip=\([^,]*\),port=\([0-9]*\),state=online.*/\1 \2/p')
    must_ask "$new"
    n_role=$(f role) n_id=$(f master_replid) n_id2=$(f master_replid2) n_at=$(f master_repl_offset) n_since=$(f second_repl_offset) n_port=$(f tcp_port)
    case $o_role.$n_role in
      slave.master) break ;;
      master.slave) one_try ;;
      slave.slave)
        # It was cut off in the middle: neither takes writes now.
        [ "$n_id" = "$o_id" ] || [ "$n_id" = "$o_id2" ] || fail "both are replicas, and not of one history: nothing is changed"
        [ "$n_at" -ge "$o_at" ] || { order "$old" 'REPLICAOF NO ONE'; fail "the new primary lacks $((o_at - n_at)) bytes of the old one, which is a primary again"; }
        order "$new" 'REPLICAOF NO ONE' || fail "the new primary cannot be made one: $r"
        ;;
      master.master)
        case $n_id2 in *[1-9a-f]*) ;; *) n_id2=none ;; esac
        if [ "$n_id2" = "$o_id" ] || [ "$n_id2" = "$o_id2" ]; then
          parted=$n_since
        elif [ "$o_id2" = "$n_id" ]; then
          # The old one followed already, and was made a primary again by somebody.
          parted=$o_since
        else
          fail "both are primaries, and the one is no replica of the other: nothing is changed"
        fi
        echo "two primaries were found: the old one took $((o_at - parted + 1)) bytes of writes since, which go"
        [ "$to_h" != - ] || fail "the old one must follow the new one; say where it finds it with reachable_at"
        order "$old" "REPLICAOF $to_h $to_p" || fail "the old primary does not follow: $r"
        ;;
    esac
    left || fail "it was not done within $limit s"
  done
  order "$old" 'CLIENT UNPAUSE'
  lap=0
  while [ "$lap" -lt 100 ] && left; do
    lap=$((lap + 1))
    ask "$old" && [ "$(f master_link_status)" = up ] && { echo "handed over; the old primary follows"; return; }
    nap 0.1
  done
  echo "handed over. The old primary takes no writes, but does not reach the new one at $(f master_host):$(f master_port) yet"
}
one_try() {
  lap=$((lap + 1))
  [ "$n_id" = "$o_id" ] || [ "$n_id" = "$o_id2" ] || fail "the new primary is no replica of the old one: nothing is changed"
  if [ "$to_h" = - ]; then
    set -- $seen
    [ "$#" -le 2 ] || set -- $(printf '%s\n' "$seen" | awk -v p="$n_port" '$2 == p')
    [ "$#" -eq 2 ] || fail "the old primary does not see it as its one replica (${seen:-none is online}); wait until it is, or say where it finds it with reachable_at"
    t_h=$1 t_p=$2
  else
    t_h=$to_h t_p=$to_p
  fi
  printf '%s\n' "$t_h $t_p" >"$place"
  start=$(now)
  spent() { echo $((($(now) - start) * 10)); }
  r=$(tell "$old" "CLIENT PAUSE $ms WRITE") || fail "nothing is changed: the old primary does not hold its writes (CLIENT PAUSE ... WRITE, of Redis 6.2): ${r%%"$nl"*}"
  same=no
  while [ "$(spent)" -lt $((ms * 2 / 3)) ]; do
    ask "$old" || break
    o_at=$(f master_repl_offset)
    ask "$new" || break
    [ "$(f master_repl_offset)" -lt "$o_at" ] || { same=yes; break; }
  done
  if [ "$same" = no ] || [ "$(spent)" -ge $((ms * 2 / 3)) ]; then
    order "$old" 'CLIENT UNPAUSE'
    fail "nothing is changed: within the $ms ms for which writes are held it did not come to have all of them; hold them longer with #{ pause: ... }"
  fi
  order "$old" "REPLICAOF $t_h $t_p" || said=$r
  # From here on the old one may be held for good: what cannot be said now is said again.
  patiently ask "$old"
  if [ "$(f role)" = master ]; then
    order "$old" 'CLIENT UNPAUSE'
    fail "nothing is changed: the old primary does not follow: ${said-}"
  fi
  o_at=$(f master_repl_offset)
  patiently ask "$new"
  if [ "$(f master_repl_offset)" -ge "$o_at" ]; then
    patiently order "$new" 'REPLICAOF NO ONE'
    return
  fi
  # A ping, or a write after all: as before, and once more.
  patiently order "$old" 'REPLICAOF NO ONE'
  order "$old" 'CLIENT UNPAUSE'
  [ "$lap" -lt 5 ] || fail "nothing is changed: the new primary is always a little behind"
  k=0
  while [ "$k" -lt 100 ]; do
    k=$((k + 1))
    ask "$new" && [ "$(f master_link_status)" = up ] && return
    nap 0.1
  done
  fail "nothing is changed: the new primary lost its link"
}

patiently() {
  until "$@"; do
    left || fail "a server cannot be reached, and neither takes writes now: resume when both can be"
    nap 0.2
  done
}

alone() {
  order own 'REPLICAOF NO ONE' || fail "REPLICAOF NO ONE: ${r%%"$nl"*}"
  must_ask own
  [ "$(f role)" = master ] || fail "it is no primary: $(state)"
  echo "a primary, with $(keys) keys"
}

case $verb in
  keep) keep "$@" ;;
  follow) follow "$@" ;;
  leave) leave "$@" ;;
  take_over)
    masterauth own "$1"
    masterauth other "$1"
    hand_over other own "$2" "$3" "$4" "$1"
    ;;
  give_back)
    hand_over own other "$other_h" "$other_p" "$2" "$1"
    masterauth_back other "$1" || fail "masterauth of $other_h:$other_p cannot be taken back: $r"
    ;;
  alone) alone ;;
  *) fail "no such verb: $verb" ;;
esac
