# Says what lies at $1: nothing | file SHA256 SIZE OWNER MODE | folder OWNER MODE | link TARGET | other WHAT | denied FOLDER.
state() {
  if [ -L "$1" ]; then echo "link $(readlink "$1")"
  elif [ -f "$1" ]; then
    if [ -r "$1" ] && q=$(stat -c '%s %u:%g %a' "$1") && h=$(sha256sum <"$1"); then echo "file ${h%% *} $q"; else echo "denied $1"; fi
  elif [ -d "$1" ]; then echo "folder $(stat -c '%u:%g %a' "$1")"
  elif [ -p "$1" ]; then echo "other a pipe"
  elif [ -S "$1" ]; then echo "other a socket"
  elif [ -e "$1" ]; then echo "other a device"
  else
    # Nothing there, or nothing that we may see?
    u=${1%/*}
    while [ -n "$u" ] && ! [ -d "$u" ]; do u=${u%/*}; done
    if [ -n "$u" ] && ! [ -x "$u" ]; then echo "denied $u"; else echo nothing; fi
  fi
}
