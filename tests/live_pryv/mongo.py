#!/bin/python3 -SE
"""MongoDB's server and tools, by the name they are called by, as far as a move asks them. Each collection is a file of real
BSON, one document behind the other, as in a dump. The tools say and do what those of MongoDB do, with their exit codes:
a dump adds to what is there, a restore passes over what it does not know, and both then end well."""
import json, os, signal, socketserver, struct, sys, time

DATA = "/app/data/"


def encode(document):
    body = b""
    for key, value in document.items():
        name = key.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + name + bytes([value])
        elif isinstance(value, int):
            body += b"\x12" + name + struct.pack("<q", value)
        elif isinstance(value, float):
            body += b"\x01" + name + struct.pack("<d", value)
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            body += b"\x02" + name + struct.pack("<i", len(text)) + text
        elif isinstance(value, dict):
            body += b"\x03" + name + encode(value)
        else:
            raise TypeError(key)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decode(data):
    found, at = {}, 4
    while data[at]:
        kind, end = data[at], data.index(b"\0", at + 1)
        key, at = data[at + 1:end].decode(), end + 1
        if kind == 0x08:
            found[key], at = bool(data[at]), at + 1
        elif kind in (0x12, 0x01):
            found[key], at = struct.unpack_from("<q" if kind == 0x12 else "<d", data, at)[0], at + 8
        else:
            size = struct.unpack_from("<i", data, at)[0]
            if kind == 0x02:
                found[key], at = data[at + 4:at + 3 + size].decode(), at + 4 + size
            elif kind == 0x03:
                found[key], at = decode(data[at:at + size]), at + size
            else:
                raise ValueError("a value of kind %d" % kind)
    return found


def documents(file):
    """Each as its bytes. What is torn at the end is an error."""
    if not os.path.exists(file):
        return []
    with open(file, "rb") as f:
        data = f.read()
    at, found = 0, []
    while at < len(data):
        size = struct.unpack_from("<i", data, at)[0]
        if size < 5 or at + size > len(data) or data[at + size - 1]:
            raise ValueError("corruption found in %s" % file)
        found.append(data[at:at + size])
        at += size
    return found


def inside(folder, end=""):
    return sorted(n for n in os.listdir(folder) if n.endswith(end)) if os.path.isdir(folder) else []


def tell(text):
    print("%s\t%s" % (time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime()), text), file=sys.stderr)


def counted(n):
    return "%d document%s" % (n, "" if n == 1 else "s")


class Insert(socketserver.StreamRequestHandler):
    """One line of JSON for each: a collection and a document."""
    def handle(self):
        for line in self.rfile:
            asked = json.loads(line)
            os.makedirs(DATA + "pryv-node", exist_ok=True)
            with open(DATA + "pryv-node/" + asked["collection"] + ".bson", "ab", buffering=0) as f:
                f.write(encode(asked["document"]))
            self.wfile.write(b"ok\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def mongod(_):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("0.0.0.0", 27017), Insert).serve_forever()


def mongo(args):
    data = DATA + args[args.index("--eval") - 1]
    if "countDocuments" in args[-1]:
        print(json.dumps({n[:-5]: len(documents(data + "/" + n)) for n in inside(data, ".bson")}))
    elif args[-1].startswith("ids of "):  # of the test alone
        print("\n".join(decode(d)["_id"] for d in documents(data + "/" + args[-1][7:] + ".bson")))
    elif args[-1].startswith("fill "):
        os.makedirs(data, exist_ok=True)
        for collection, n in (("users", 20), ("accesses", 200), ("events", int(args[-1][5:]))):
            with open(data + "/" + collection + ".bson", "ab") as f:
                for i in range(n):
                    f.write(encode({"_id": "old%07d" % i, "type": "note/txt", "time": i / 7, "content": {"text": "x" * 300, "n": i}}))
    else:
        sys.exit(64)


def mongodump(args):
    database, to = args[args.index("-d") + 1], args[args.index("-o") + 1]
    os.makedirs(to + "/" + database, exist_ok=True)  # whatever is there stays
    for name in inside(DATA + database, ".bson"):
        c = database + "." + name[:-5]
        tell("writing %s to " % c)
        found = documents(DATA + database + "/" + name)
        with open("%s/%s/%s" % (to, database, name), "wb") as f:
            f.write(b"".join(found))
        with open("%s/%s/%s.metadata.json" % (to, database, name[:-5]), "w") as f:
            json.dump({"options": {}, "indexes": [{"v": 2, "key": {"_id": 1}, "name": "_id_", "ns": c}]}, f)
        tell("done dumping %s (%s)" % (c, counted(len(found))))


def mongorestore(args):
    top, restored, failures = args[-1].rstrip("/"), 0, 0
    tell("preparing collections to restore from")
    for database in inside(top):
        for name in inside(top + "/" + database):
            file, to = "%s/%s/%s" % (top, database, name), DATA + database + "/" + name
            if os.path.isdir(file):
                tell('don\'t know what to do with subdirectory "%s/%s", skipping...' % (database, name))
            elif name.endswith(".bson"):
                os.makedirs(DATA + database, exist_ok=True)
                kept = [] if "--drop" in args else documents(to)
                known = {decode(d)["_id"] for d in kept}
                found = documents(file)
                fresh = [d for d in found if decode(d)["_id"] not in known]
                with open(to, "wb") as f:
                    f.write(b"".join(kept + fresh))
                lost = len(found) - len(fresh)
                tell("finished restoring %s.%s (%s, %d failures)" % (database, name[:-5], counted(len(fresh)), lost))
                restored, failures = restored + len(fresh), failures + lost
    tell("%d document(s) restored successfully. %d document(s) failed to restore." % (restored, failures))


globals()[os.path.basename(sys.argv[0])](sys.argv[1:])
