# Says how a lease is: FOLDER. none | key | STATE SINCE RESTARTS EXIT TENDED UP NOW. Prints the end of its
# log, and as errors what it left behind when it ended last.
begin
d=$1
[ -d "$d" ] || say none
if ! [ -e "$d/command" ]; then
  [ -e "$d/key" ] && say key
  say none
fi
s=- t=0 m=0 e=- c=0
read -r s t m e c 2>/dev/null <"$d/state"
y=no u=no
tended && y=yes
[ -e "$d/up" ] && u=yes
tail -n 20 "$d/log" 2>/dev/null | tail -c 8000
cat "$d/why" >&2 2>/dev/null
say "$s $t $m $e $y $u $(date +%s)"
