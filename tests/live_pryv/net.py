"""What clients of a platform do alike: ask a DNS, and a machine by the name that stands for it."""
import http.client, random, socket, struct


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
    def __init__(self, name, at, trusted):
        super().__init__(name)
        self.at, self.trusted = at, trusted

    def connect(self):
        plain = socket.create_connection((self.at, 443), 1)
        plain.settimeout(2)
        self.sock = self.trusted.wrap_socket(plain, server_hostname=self.host)
