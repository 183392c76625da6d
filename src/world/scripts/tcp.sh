# Carries bytes between this channel and a TCP port, with whatever is here: ADDRESS PORT SECONDS. ok | missing.
begin
if command -v python3 >/dev/null 2>&1 && python3 -c pass 2>/dev/null; then
  python3 -c '
import socket, sys, threading, os
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])); s.settimeout(None)
def up():
    while True:
        b = os.read(0, 65536)
        if not b: break
        s.sendall(b)
    s.shutdown(1)
threading.Thread(target=up, daemon=True).start()
while True:
    b = s.recv(65536)
    if not b: break
    sys.stdout.buffer.write(b); sys.stdout.buffer.flush()
' "$1" "$2" "$3" 2>/dev/null
  say ok
elif command -v nc >/dev/null 2>&1; then
  nc "$1" "$2" 2>/dev/null
  say ok
elif command -v bash >/dev/null 2>&1; then
  bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit; exec 4<&0; cat <&4 >&3 & exec cat <&3' mig "$1" "$2" 2>/dev/null
  say ok
fi
say missing
