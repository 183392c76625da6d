# Puts a file in place, and leaves it there only if it is taken:
# PATH NEW FROM TO KEPT SOURCE UPLOADED(yes|no) OWNER MODE INSIST(yes|no) IN-PLACE(yes|no) VALIDATE APPLY.
# FROM, TO and KEPT as in put.sh. Its last line says why; the exit codes are
# 0 it counts | 60 refused, the old one is back | 61 did not come to count, the old one is back and counts
# | 62 the same, and the old one could not be made to count | 63 refused, and left in place as was asked
# | 64 refused, and the old one could not be brought back | 65 something else lies there | 66 it cannot be written.
p=$1 w=$2 from=$3 to=$4 kept=$5 source=$6 uploaded=$7 owner=$8 mode=$9
shift 9
insist=$1 inplace=$2 validate=$3 apply=$4
umask 077
over() {
  rm -f "$w"
  # What could not be brought back is left where a person finds it.
  [ "$1" = 64 ] || rm -f "$w.old"
  [ "$uploaded" = no ] || rm -f "$source"
  k=$1; shift; echo "$*"; exit "$k"
}
# Owner and mode of a file are set before it is written: what is in it then is what lay there, or goes there.
into() {
  k=$(stat -c '%u:%g %a' "$1"); set -- "$1" $k
  k=$(stat -c '%u:%g %a' "$p")
  [ "${k% *}" = "$2" ] || chown "$2" "$p" || return 1
  [ "${k#* }" = "$3" ] || chmod "$3" "$p" || return 1
  cat "$1" 2>/dev/null >"$p" && settled "$p"
}
# Whether what lies there is the beginning of a file: then somebody died while writing it in place.
begins() {
  [ -f "$1" ] && z=$(wc -c <"$p") && [ "$((z))" -lt "$(($(wc -c <"$1")))" ] || return 1
  k=$(head -c "$((z))" "$1" | sha256sum); [ "$k" = "$(sha256sum <"$p")" ]
}
# The old file, by a link that was made before: it comes back also on a full disk.
back() {
  if [ "$from" = nothing ]; then rm -f "$p"
  elif [ "$inplace" = yes ]; then
    for k in "$w.old" "$kept" none; do [ -e "$k" ] && break; done
    [ "$k" != none ] && into "$k"
  elif [ -e "$w.old" ]; then mv -f "$w.old" "$p"
  elif [ "$kept" != - ] && [ -e "$kept" ]; then rm -f "$w"; cp -p "$kept" "$w" && mv -f "$w" "$p"
  else return 1; fi || return 1
  settled "${p%/*}/"
  now=$(state "$p"); same "$now" "$from"
}
refused() {
  trap '' TERM
  if [ "$insist" = yes ]; then
    [ "$1" = 66 ] && over 66 "cannot write all of it; is the disk full?"
    # It lay there before, and what runs does not take it: nothing was made worse.
    [ "$found" = to ] && over 0 "it was there already"
    over 63 "$p is back, but it is refused"
  fi
  now=$(state "$p")
  # Written in place and cut short (a full disk), it is neither.
  same "$now" "$to" || { [ "$inplace" = yes ] && begins "$w"; } || over 65 "$now"
  [ "$from" = "$to" ] || back || over 64 "the old $p could not be brought back"
  [ "$1" = 66 ] && over 66 "cannot write it; is the disk full?"
  [ "$1" = 60 ] && over 60 refused
  /bin/sh -c "$apply" </dev/null && over 61 "the old $p is back, and counts"
  over 62 "the old $p is back, but could not be made to count"
}
now=$(state "$p")
if same "$now" "$to"; then found=to
elif same "$now" "$from"; then found=from
elif [ "$inplace" = yes ] && { begins "$source" || begins "$kept" || begins "$w.old"; } && back; then found=from
else over 65 "$now"; fi
if [ $found = from ]; then
  rm -f "$w" "$w.old"
  if [ "$to" != nothing ]; then
    [ -f "$source" ] || over 66 "$source is not there"
    cat "$source" 2>/dev/null >"$w" || over 66 "cannot write in ${p%/*}; is the disk full, or is it read-only?"
    k=${to#file }; h=${k%% *}; k=${k#* }; y=${k%% *}
    [ "$(($(wc -c <"$w")))" = "$y" ] || over 66 "what arrived is not whole"
    k=$(sha256sum <"$w"); [ "$h" = - ] || [ "${k%% *}" = "$h" ] || over 66 "what arrived is not whole"
    [ "$(stat -c %u:%g "$w")" = "$owner" ] || chown "$owner" "$w" 2>/dev/null || over 66 "cannot give it to $owner: only root can"
    chmod "$mode" "$w" || over 66 "cannot set its mode"
    settled "$w"
  fi
  if [ "$from" != nothing ]; then
    if [ "$kept" != - ] && ! [ -e "$kept" ]; then
      mkdir -p "${kept%/*}" && cp -p "$p" "$kept.new" && settled "$kept.new" && mv "$kept.new" "$kept" ||
        { rm -f "$kept.new"; over 66 "cannot keep the old file aside; is the disk full?"; }
    fi
    [ "$inplace" = no ] && ln "$p" "$w.old" 2>/dev/null || cp -p "$p" "$w.old" || over 66 "cannot keep the old file beside; is the disk full?"
    now=$(state "$w.old"); same "$now" "$from" || over 65 "$now"
  fi
  trap 'refused 61' TERM
  # Looked at once more, as late as can be.
  now=$(state "$p"); same "$now" "$from" || over 65 "$now"
  if [ "$to" = nothing ]; then rm -f "$p" || over 66 "cannot remove it"
  elif [ "$from" = nothing ]; then ln "$w" "$p" 2>/dev/null || { [ -e "$p" ] || [ -L "$p" ] || mv "$w" "$p"; } || over 65 "$(state "$p")"
  elif [ "$inplace" = yes ]; then into "$w" || refused 66
  else mv -f "$w" "$p" || over 66 "cannot rename it into place"; fi
  settled "${p%/*}/"
fi
trap 'refused 61' TERM
/bin/sh -c "$validate" </dev/null || refused 60
/bin/sh -c "$apply" </dev/null || refused 61
over 0 "it counts"
