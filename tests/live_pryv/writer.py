"""Somebody writes to a core through a whole move: REGISTER CA DOMAIN LOG USER FIRST. Asks the register's DNS where the user is,
and there stores one event after another, numbered from FIRST on, every fourth time a point of a series, as a new client does each time. LOG has a
line for each: what was stored, `yes` when it was told to be so, when it began and ended, and what was said."""
import http.client, json, signal, socket, ssl, sys, time
from net import Straight, ask

register, ca, domain, log, user, first = sys.argv[1:]
trusted = ssl.create_default_context(cafile=ca)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))


def store(path, body):
    name = user + "." + domain
    at = socket.inet_ntoa(ask(register, name, 1)[0])
    connection = Straight(name, at, trusted)
    try:
        connection.request("POST", path, body=json.dumps(body), headers={"User-Agent": "client", "Content-Type": "application/json"})
        said = connection.getresponse()
        return said.status == 201, "%s: %d %s" % (at, said.status, said.read().decode("utf-8", "replace")[:200])
    finally:
        connection.close()


with open(log, "a", buffering=1) as out:
    n = int(first)
    while not ended:
        n += 1
        began = time.time()
        name = ("point%06d" if n % 4 == 0 else "event%06d") % n
        path = "/events/x/series" if n % 4 == 0 else "/events"
        try:
            done, said = store(path, {"id": name, "n": n})
        except (OSError, ValueError, http.client.HTTPException) as e:
            done, said = False, repr(e)
        out.write("%s %s %.3f %.3f %s\n" % (name, "yes" if done else "no", began, time.time(), said.replace("\n", " ")))
        time.sleep(0.05)
