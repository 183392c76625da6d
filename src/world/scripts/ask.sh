# Says how far a command is, and gives its output from two offsets on:
# FOLDER TOKEN SHA MARKER OUT-OFFSET ERR-OFFSET LIMIT LOOK(yes|no).
# none | done CODE [timeout] | running SECONDS | lost same|other WHEN | mismatch | wiped; before it the two sizes and the boot of now.
r=$1 s=$3 m=$4 o=$5 e=$6 l=$7 y=$8 d=$1/$2
begin
ended() { read -r c t 2>/dev/null <"$d.status"; }
when() { date -r "$d.started" '+%F %T' 2>/dev/null; }
look() {
  read -r k 2>/dev/null <"$r/marker" || { a=wiped; return; }
  [ "$k" = "$m" ] || { a=wiped; return; }
  [ -e "$d.started" ] || { a=none; return; }
  read -r k g p v b u 2>/dev/null <"$d.started" || { sleep 1; read -r k g p v b u 2>/dev/null <"$d.started" || { a="lost same $(when)"; return; }; }
  [ "$k" = "$s" ] || { a=mismatch; return; }
  ended && { a="done $c $t"; return; }
  [ "$z" = "$b" ] || { a="lost other $(when)"; return; }
  read -r q k </proc/uptime; q=$(( ${q%.*} - ${u%.*} ))
  [ "$y" = no ] && { a="running $q"; return; }
  [ -n "$(members "$g" "$p" "$v")" ] && { a="running $q"; return; }
  # It may have ended between the two looks.
  ended && { a="done $c $t"; return; }
  a="lost same $(when)"
}
read -r z </proc/sys/kernel/random/boot_id
look
size() { if [ -e "$1" ]; then wc -c <"$1"; else echo 0; fi; }
so=$(size "$d.out") se=$(size "$d.err")
[ "$l" -gt 0 ] && [ "$so" -gt "$o" ] && tail -c +$((o + 1)) "$d.out" | head -c "$l"
[ "$l" -gt 0 ] && [ "$se" -gt "$e" ] && tail -c +$((e + 1)) "$d.err" | head -c "$l" >&2
say "$((so)) $((se)) $z $a"
