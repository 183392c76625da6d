"""A service of a register or a core, as its container runs it: KIND. Each says who it is, so that an answer from the wrong one is
seen. The leader renders its templates as the vendor's does, and the follower fetches and writes them; the register keeps
users in redis; the DNS answers from dns.json and redis, and logs every request. The core keeps events in MongoDB and in
files of their user, and hfs points in InfluxDB, before they are acknowledged."""
import http.server, json, os, re, signal, socket, socketserver, ssl, struct, sys, threading, time, urllib.parse, urllib.request

kind = sys.argv[1]
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
PORT = {"config_leader": 7000, "config_follower": 6000, "admin_panel": 80, "core": 3000, "hfs": 3000, "mfa": 7000}.get(kind, 9000)


def say(text):
    print(text, flush=True)


def conf(name):
    with open("/app/conf/" + name) as f:
        return f.read()


def redis(*words):
    with socket.create_connection(("redis", 6379), 2) as s:
        s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words))
        said = s.makefile("rb")
        first = said.readline().decode().strip()
        if first.startswith("$"):
            return None if first == "$-1" else said.read(int(first[1:])).decode()
        if not first or first.startswith("-"):
            raise OSError(first or "no answer of redis")
        return first


def settings():
    import yaml
    found = {}
    for group in yaml.safe_load(conf("platform.yml"))["vars"].values():
        for name, setting in group["settings"].items():
            value = setting.get("value")
            found[name] = value if isinstance(value, str) else json.dumps(value)
    found.update(json.loads(conf("config-leader.json"))["internals"])
    return found


def rendered(role):
    values, folder, files = settings(), "/app/data/" + role, []
    for at, _, inside in os.walk(folder):
        for name in inside:
            with open(os.path.join(at, name)) as f:
                text = f.read()
            # A value may be the name of another one.
            for _ in range(3):
                for name_of in sorted(values, key=len, reverse=True):
                    text = text.replace(name_of, values[name_of])
            files.append({"path": os.path.relpath(os.path.join(at, name), folder), "fileContent": text})
    return files


def follow():
    leader = json.loads(conf("config-follower.json"))["leader"]
    asked = urllib.request.Request(leader["url"] + "/conf", headers={"Authorization": leader["auth"]})
    with urllib.request.urlopen(asked, timeout=5, context=ssl._create_unverified_context()) as said:
        files = json.load(said)["files"]
    for file in files:
        to = os.path.join("/app/pryv", file["path"])
        os.makedirs(os.path.dirname(to), exist_ok=True)
        say("Writing file: " + file["path"])
        with open(to, "w") as f:
            f.write(file["fileContent"])


def register(user):
    """A user who is told to be registered is in redis."""
    try:
        if not re.fullmatch(r"[a-z0-9]{3,}", user):
            return 400, {"service": kind, "error": "invalid username"}
        if redis("GET", user + ":server"):
            return 409, {"service": kind, "error": "item already exists"}
        redis("SET", user + ":server", "co1")
        return 201, {"service": kind, "username": user}
    except OSError as e:
        return 500, {"service": kind, "error": str(e)}


def store(event):
    """An event, in MongoDB, in a file of its own, and in one that grows: as attachments and the users' sqlite files do."""
    with socket.create_connection(("mongodb", 27017), 2) as s:
        document = {"_id": event["id"], "n": event["n"], "content": {"text": "of the client"}}
        s.sendall(json.dumps({"collection": "events", "document": document}).encode() + b"\n")
        if s.makefile("rb").readline() != b"ok\n":
            raise OSError("no answer of mongodb")
    folder = "/app/data/users/client"
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/" + event["id"], "w") as f:
        f.write(event["id"])
    with open(folder + "/events.log", "a") as f:
        f.write(event["id"] + "\n")


def influx(path, body=b""):
    with urllib.request.urlopen("http://influxdb:8086" + path, data=body, timeout=2) as said:
        said.read()


def unknown(status=404):
    """Which service it is stands in the name of the error."""
    return status, {"service": kind, "error": {"id": kind + "-unknown"}, "meta": {"serverTime": time.time()}}


def answer_core(path):
    if kind == "core" and path == "/status":
        return 200, {"service": kind, "status": "ok", "meta": {"serverTime": time.time()}}
    if kind == "core" and path.startswith("/socket.io/"):
        return 200, {"service": "websocket", "sid": os.urandom(8).hex()}
    return unknown({"hfs": 401, "preview": 403}.get(kind, 404))


class Service(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        say("POST " + self.path)
        if kind == "register" and self.path.startswith("/users/"):
            return self.reply(*register(self.path[len("/users/"):]))
        if kind in ("core", "hfs"):
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                if kind == "core":
                    store(event)
                else:
                    influx("/write?db=pryv", b"event.x n=%di %d" % (event["n"], time.time_ns()))
            except OSError as e:
                return self.reply(503, {"service": kind, "error": {"id": str(e)}})
            return self.reply(201, {"service": kind, "id": event["id"]})
        self.reply(404, {"service": kind, "error": "not found"})

    def do_GET(self):
        say("GET " + self.path)
        if kind in ("core", "hfs", "mfa", "preview"):
            return self.reply(*answer_core(self.path.split("?")[0]))
        if kind == "config_leader" and self.path == "/conf":
            follower = json.loads(conf("config-leader.json"))["followers"].get(self.headers["Authorization"])
            if follower is None:
                return self.reply(403, {"error": "unauthorized"})
            return self.reply(200, {"files": rendered(follower["role"])})
        if kind == "register" and self.path == "/service/info":
            return self.reply(200, {"service": kind, "info": json.loads(conf("register.json"))["service"]})
        self.reply(200 if self.path == "/" else 404, {"service": kind})


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


def address(ip):
    return [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(ip)]


def records(name, said):
    """The status, and the addresses of a name."""
    host, _, domain = name.partition(".")
    if domain != said["dns"]["domain"]:
        return 5, []
    fixed = said["dns"]["staticDataInDomain"].get(host, {}).get("ip")
    if fixed:
        return 0, address(fixed)
    try:
        core = redis("GET", host + ":server")
    except OSError:
        return 2, []
    cores = {n: c["ip"] for hosting in said["net"]["hostings"].values() for n, c in hosting.items()}
    core = host if host in cores else core
    return (0, address(cores[core])) if core else (3, [])


def answer(asked, said):
    at, labels = 12, []
    while asked[at]:
        labels.append(asked[at + 1:at + 1 + asked[at]].decode().lower())
        at += asked[at] + 1
    say("query " + ".".join(labels))
    code, given = records(".".join(labels), said)
    if struct.unpack(">H", asked[at + 1:at + 3])[0] != 1:
        given = []
    return asked[:2] + struct.pack(">HHHHH", 0x8400 | code, 1, len(given), 0, 0) + asked[12:at + 5] + b"".join(given)


if kind == "dns":
    said = json.loads(conf("dns.json"))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", 5353))
    while True:
        asked, who = s.recvfrom(4096)
        s.sendto(answer(asked, said), who)
if kind == "config_follower":
    try:
        follow()
    except OSError as e:
        say("the leader does not answer: %s" % e)
        time.sleep(0.2)
        sys.exit(1)  # `restart: always`
if kind == "webhooks":
    signal.pause()
if kind == "hfs":
    # As the real one does for each user: whoever starts it before a restore has the database already.
    def begin():
        while True:
            try:
                return influx("/query", b"q=" + urllib.parse.quote("CREATE DATABASE pryv").encode())
            except OSError:
                time.sleep(0.1)
    threading.Thread(target=begin, daemon=True).start()
if PORT == 3000:
    # One process for each of the six that nginx shares requests among.
    for other in range(3001, 3006):
        threading.Thread(target=Server(("0.0.0.0", other), Service).serve_forever, daemon=True).start()
server = Server(("0.0.0.0", PORT), Service)
say("Server running on: 0.0.0.0:%d" % PORT)
server.serve_forever()
