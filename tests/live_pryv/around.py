"""What is around the machines: DIR ADDRESS DOMAIN. A registry of images, from which both engines really pull, and the
authority above the domain, which says its name servers as they stand in DIR/names. It resolves the names in DIR/hosts too."""
import hashlib, http.server, json, os, socket, socketserver, struct, sys, threading

folder, address, domain = sys.argv[1:]


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


with open(folder + "/layer.tar", "rb") as f:
    layer = f.read()
blobs, manifests = {digest(layer): layer}, {}
more = b""
if os.path.exists(folder + "/influx.tar"):
    with open(folder + "/influx.tar", "rb") as f:
        more = f.read()
    blobs[digest(more)] = more
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def image(words, layers=(layer,), more=()):
    """The manifest of an image that runs these."""
    config = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
        "os": "linux", "config": {"Cmd": words, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", *more], "StopSignal": "SIGTERM"},
        "rootfs": {"type": "layers", "diff_ids": [digest(l) for l in layers]}, "history": [{"created_by": "test"} for _ in layers],
    }).encode()
    blobs[digest(config)] = config
    return json.dumps({
        "schemaVersion": 2, "mediaType": DOCKER,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest(config)},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(l), "digest": digest(l)} for l in layers],
    }).encode()


def service(kind):
    return image(["python3", "-SE", "/service.py", kind])


IMAGES = {
    "nginx": image(["nginx", "-g", "daemon off;"]),
    "redis": image(["sh", "-c", "chown 9999:9999 /app/data /app/log && exec setpriv --reuid 9999 --regid 9999 --clear-groups redis-server /app/conf/redis.conf"]),
    "app-web-admin": service("admin_panel"), "register": service("register"), "dns": service("dns"), "mail": service("mail"),
    "config-leader": service("config_leader"), "config-follower": service("config_follower"),
    "core": service("core"), "mfa": service("mfa"), "hfs": service("hfs"), "preview": service("preview"), "webhooks": service("webhooks"),
    "mongodb": image(["/app/bin/mongodb/bin/mongod"]),
    "influxdb": image(["influxd"], (layer, more), ["INFLUXDB_%s=/var/lib/influxdb/%s" % w for w in (("META_DIR", "meta"), ("DATA_DIR", "data"), ("DATA_WAL_DIR", "wal"))]),
}


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        words, body, kind = self.path.strip("/").split("/"), None, "application/octet-stream"
        if words == ["v2"]:
            body = b"{}"
        elif words[-2:-1] == ["manifests"]:
            # Every tag is this one.
            body = manifests.get(words[-1]) or IMAGES.get(words[-3])
            kind = DOCKER
            if body:
                manifests[digest(body)] = body
        elif words[-2:-1] == ["blobs"]:
            body = blobs.get(words[-1])
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if body and body != b"{}":
            self.send_header("Docker-Content-Digest", digest(body))
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)

    do_HEAD = do_GET


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def packed(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.strip(".").split(".")) + b"\0"


def refer(asked):
    at, labels = 12, []
    while asked[at]:
        labels.append(asked[at + 1:at + 1 + asked[at]].decode().lower())
        at += asked[at] + 1
    name, kind = ".".join(labels), struct.unpack(">H", asked[at + 1:at + 3])[0]
    if os.path.exists(folder + "/hosts"):
        with open(folder + "/hosts") as f:
            addresses = [socket.inet_aton(l.split()[0]) for l in f if l.split()[1] == name]
        if addresses:
            given = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + a for a in addresses if kind == 1)
            return asked[:2] + struct.pack(">HHHHH", 0x8180, 1, len(given) and len(addresses), 0, 0) + asked[12:at + 5] + given
    with open(folder + "/names") as f:
        known = [l.split() for l in f] if name == domain else []
    # No authority of the domain itself: it refers to those that are.
    said = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 2, 1, int(ttl), len(packed(to))) + packed(to) for ttl, to in known)
    return asked[:2] + struct.pack(">HHHHH", 0x8000, 1, 0, len(known), 0) + asked[12:at + 5] + said


server = Server((address, 5000), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind((address, 53))
open(folder + "/up", "w").close()
while True:
    asked, who = names.recvfrom(4096)
    names.sendto(refer(asked), who)
