# What a machine says of itself: one line each, all of them at once and with the beginning of the answer: a message
# for each would take longer.
# greet PROGRAMS to look for. Leaves the machine-id in $mid, and in $base where the folders of runs lie.
greet() {
  p=$1 i= g= mid= e='
'
  v=$LOGNAME
  # Read, not asked of id(1), as far as that goes: on a slow machine each process is felt.
  while read -r k o u o; do
    case $k in Uid:) i=$u;; Gid:) g=$u; break;; esac
  done </proc/self/status
  if [ "$i" = 0 ]; then v=root; elif [ -z "$v" ]; then v=$(id -un); fi
  # Where the folders of runs lie.
  case $i,$XDG_STATE_HOME in
    0,*) w=/var/lib;;
    *,/*) w=${XDG_STATE_HOME%/};;
    *) w=${HOME%/}/.local/state;;
  esac
  base=$w/mig
  t="uid $i${e}gid $g${e}user $v${e}home $HOME${e}base $base${e}shell $SHELL$e"
  read -r k </proc/sys/kernel/random/boot_id && t="${t}boot $k$e"
  [ -r /etc/machine-id ] && { read -r mid </etc/machine-id || [ -n "$mid" ]; } && t="${t}machine $mid$e"
  if [ -r /etc/os-release ]; then
    while IFS== read -r k o; do
      if [ "$k" = PRETTY_NAME ]; then o=${o#[\"\']}; t="${t}os ${o%[\"\']}$e"; break; fi
    done </etc/os-release
  fi
  read -r k </proc/sys/kernel/osrelease && t="${t}kernel Linux $k$e"
  read -r k </proc/sys/kernel/hostname && t="${t}hostname $k$e"
  # Without a process for each: that would take longer than all the rest.
  o=$IFS
  IFS=:; set -- $PATH; IFS=$o
  for f in $p; do
    for k; do [ -x "$k/$f" ] && [ -f "$k/$f" ] && t="${t}program $f $k/$f$e" && break; done
  done
  opens "$e${t%"$e"}"
}
