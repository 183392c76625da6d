# Ends every process of a command's session but the one that notes its end: TERM, after 5 s KILL.
# What commands before it left in the session is older, or has a lower number in the same tick.
# PREFIX SESSION PROCESS START-TIME, where the prefix is "-" for a reading; else the record under it is used.
begin
if [ "$1" = - ]; then g=$2 p=$3 v=$4
else
  read -r k g p v k 2>/dev/null <"$1.started" || say none
  true >"$1.timeout"
fi
members() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v s="$g" -v b="$v" -v w="$p" '{ i = $1 + 0; sub(/^.*\) /, ""); split($0, f, " "); t = f[20] + 0
    if (f[1] != "Z" && f[1] != "X" && f[4] == s && i != s && (t > b + 0 && i != w || t == b + 0 && i > w + 0)) print i }'
}
k=TERM i=0
while [ $i -lt 60 ]; do
  l=$(members)
  [ -z "$l" ] && say gone
  case $i in 0) kill -TERM $l 2>/dev/null;; 5[0-9]) kill -KILL $l 2>/dev/null;; esac
  sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  i=$((i + 1))
done
say stayed
