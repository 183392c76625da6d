# Tries a TCP port with whatever is here: ADDRESS PORT SECONDS. open | refused | timeout | unreachable | nohost | missing.
begin
if command -v python3 >/dev/null 2>&1 && python3 -c pass 2>/dev/null; then
  say "$(python3 -c '
import socket, sys, errno
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close(); print("open")
except socket.gaierror: print("nohost")
except socket.timeout: print("timeout")
except OSError as e: print("refused" if e.errno == errno.ECONNREFUSED else "timeout" if e.errno == errno.ETIMEDOUT else "unreachable")
' "$1" "$2" "$3")"
elif command -v perl >/dev/null 2>&1; then
  say "$(perl -MIO::Socket::INET -MErrno -e '
$s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => $ARGV[2]);
print $s ? "open" : $! == Errno::ECONNREFUSED ? "refused" : $! == Errno::ETIMEDOUT ? "timeout" : $@ =~ /Bad hostname/ ? "nohost" : "unreachable"' "$1" "$2" "$3")"
elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
  k=$(LC_ALL=C timeout "$3" bash -c 'exec 3<>"/dev/tcp/$1/$2"' mig "$1" "$2" 2>&1); e=$?
  case $e:$k in 0:*) say open;; 124:*) say timeout;; *refused*) say refused;; *"not known"*|*"resolution"*|*"invalid host"*) say nohost;; *) say unreachable;; esac
elif command -v nc >/dev/null 2>&1; then
  k=$(LC_ALL=C nc -z -w "$3" "$1" "$2" 2>&1 </dev/null); e=$?
  case $e:$k in 0:*) say open;; *refused*) say refused;; *"timed out"*) say timeout;; *"bad address"*|*"not known"*) say nohost;; *) say unreachable;; esac
fi
say missing
