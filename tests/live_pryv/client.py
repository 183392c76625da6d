"""Somebody registers one user after another: REGISTRY CA DOMAIN LOG, and NAME=ADDRESS of each name server. Asks the
registry who is the name server, that one for the address of reg.DOMAIN, and there for the user, as a new client does each
time. LOG has a line for each: user, `yes` when it was told to be registered, when it began and ended, and what was said."""
import http.client, signal, socket, ssl, sys, time
from net import Straight, ask, text

registry, ca, domain, log = sys.argv[1:5]
servers = dict(w.split("=") for w in sys.argv[5:])
trusted = ssl.create_default_context(cafile=ca)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))


def register(user):
    server = servers[text(ask(registry, domain, 2)[0])]
    connection = Straight("reg." + domain, socket.inet_ntoa(ask(server, "reg." + domain, 1)[0]), trusted)
    try:
        connection.request("POST", "/users/" + user, headers={"User-Agent": "client"})
        said = connection.getresponse()
        return said.status == 201, "%s: %d %s" % (connection.at, said.status, said.read().decode("utf-8", "replace")[:200])
    finally:
        connection.close()


with open(log, "a", buffering=1) as out:
    n = 0
    while not ended:
        n += 1
        user, began = "client%06d" % n, time.time()
        try:
            done, said = register(user)
        except (OSError, ValueError, http.client.HTTPException) as e:
            done, said = False, repr(e)
        out.write("%s %s %.3f %.3f %s\n" % (user, "yes" if done else "no", began, time.time(), said.replace("\n", " ")))
        time.sleep(0.03)
