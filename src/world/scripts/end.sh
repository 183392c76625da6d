# Ends every process of a command's session but the one that notes its end: TERM, after 5 s KILL.
# PREFIX SESSION PROCESS START-TIME, where the prefix is "-" for a reading; else the record under it is used.
begin
if [ "$1" = - ]; then g=$2 w=$3 v=$4
else
  read -r k g w v k 2>/dev/null <"$1.started" || say none
  true >"$1.timeout"
fi
others() { for p in $(members "$g" "$w" "$v"); do [ "$p" = "$g" ] || [ "$p" = "$w" ] || echo "$p"; done; }
k=TERM i=0
while [ $i -lt 60 ]; do
  l=$(others)
  [ -z "$l" ] && say gone
  case $i in 0) kill -TERM $l 2>/dev/null;; 5[0-9]) kill -KILL $l 2>/dev/null;; esac
  sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  i=$((i + 1))
done
say stayed
