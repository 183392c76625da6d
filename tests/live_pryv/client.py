"""Somebody registers one user after another: REGISTRY CA DOMAIN LOG, and NAME=ADDRESS of each name server. Asks the
registry who is the name server, that one for the address of reg.DOMAIN, and there for the user, as a new client does each
time. LOG has a line for each: user, `yes` when it was told to be registered, when it began and ended, and what was said."""
import http.client, random, signal, socket, ssl, struct, sys, time

registry, ca, domain, log = sys.argv[1:5]
servers = dict(w.split("=") for w in sys.argv[5:])
trusted = ssl.create_default_context(cafile=ca)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))


def ask(server, name, kind):
    """The data of the records in the answer."""
    packed = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
    mine = random.randrange(65536)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.connect((server, 53))
        s.send(struct.pack(">HHHHHH", mine, 0, 1, 0, 0, 0) + packed + struct.pack(">HH", kind, 1))
        said = s.recv(4096)
    at, found = 12 + len(packed) + 4, []
    while at < len(said):
        size = struct.unpack(">H", said[at + 10:at + 12])[0]
        found.append(said[at + 12:at + 12 + size])
        at += 12 + size
    if not found:
        raise OSError("no answer of %s about %s: code %d" % (server, name, said[3] & 15))
    return found


def text(name):
    at, labels = 0, []
    while name[at]:
        labels.append(name[at + 1:at + 1 + name[at]].decode())
        at += name[at] + 1
    return ".".join(labels)


class Straight(http.client.HTTPSConnection):
    """To this address, with the certificate of the name."""
    def connect(self):
        plain = socket.create_connection((self.at, 443), 1)
        plain.settimeout(2)
        self.sock = trusted.wrap_socket(plain, server_hostname=self.host)


def register(user):
    server = servers[text(ask(registry, domain, 2)[0])]
    connection = Straight("reg." + domain)
    connection.at = socket.inet_ntoa(ask(server, "reg." + domain, 1)[0])
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
