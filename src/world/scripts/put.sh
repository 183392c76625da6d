# Puts a file in place, all or nothing, only while the place holds what is expected:
# PATH NEW FROM TO KEPT SOURCE OWNER MODE. FROM and TO: nothing | file SHA256|- SIZE OWNER MODE.
# KEPT: where the old one is kept, or "-". SOURCE: "stdin" (a line with sha256 and size before it), "-", or a file here.
# done | already | differs STATE | torn | bad WHY.
p=$1 w=$2 from=$3 to=$4 kept=$5 source=$6 owner=$7 mode=$8
begin
umask 077
bad() { rm -f "$w"; say "bad $*"; }
now=$(state "$p")
if ! same "$now" "$from"; then
  same "$now" "$to" && say already
  say "differs $now"
fi
if [ "$to" != nothing ]; then
  [ -d "${p%/*}/" ] || say "bad the folder ${p%/*} is not there"
  rm -f "$w"
  case $source in
    stdin) read -r h y; cat 2>/dev/null >"$w" || bad "cannot write in ${p%/*}; is the disk full, or is it read-only?";;
    *) k=${to#file }; h=${k%% *}; k=${k#* }; y=${k%% *}
       [ -f "$source" ] || say "bad $source is not there"
       cat "$source" 2>/dev/null >"$w" || bad "cannot copy $source to ${p%/*}; is the disk full?";;
  esac
  [ "$(($(wc -c <"$w")))" = "$y" ] || { rm -f "$w"; say torn; }
  k=$(sha256sum <"$w"); [ "$h" = - ] || [ "${k%% *}" = "$h" ] || { rm -f "$w"; say torn; }
  [ "$(stat -c %u:%g "$w")" = "$owner" ] || chown "$owner" "$w" 2>/dev/null || bad "cannot give it to $owner: only root can"
  chmod "$mode" "$w" || bad "cannot set its mode"
  settled "$w"
fi
if [ "$kept" != - ] && [ "$from" != nothing ] && ! [ -e "$kept" ]; then
  mkdir -p "${kept%/*}" && cp -p "$p" "$kept.new" && k=$(sha256sum <"$kept.new") && h=$(sha256sum <"$p") && [ "$k" = "$h" ] &&
    settled "$kept.new" && mv "$kept.new" "$kept" || { rm -f "$kept.new"; bad "cannot keep the old file aside; is the disk full?"; }
fi
# Looked at once more, as late as can be.
now=$(state "$p"); same "$now" "$from" || { rm -f "$w"; say "differs $now"; }
if [ "$to" = nothing ]; then rm -f "$p" || bad "cannot remove it"
elif [ "$from" = nothing ]; then ln "$w" "$p" 2>/dev/null && rm -f "$w" || { [ -e "$p" ] || [ -L "$p" ] || mv "$w" "$p"; } || bad "something else was put there meanwhile"
else mv -f "$w" "$p" || bad "cannot rename it into place"; fi
settled "${p%/*}/"
now=$(state "$p"); same "$now" "$to" && say done
say "differs $now"
