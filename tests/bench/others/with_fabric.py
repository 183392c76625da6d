"""The commands with fabric: one connection a host, all hosts at once."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from fabric import Config, Connection

hosts, commands = int(sys.argv[1]), int(sys.argv[2])
config = Config(runtime_ssh_path=os.environ["SSH_CONFIG"])


def work(n):
    # Without options of its own, each connection adds its key to those of the shared configuration, and a server that
    # is offered the keys of all hosts hangs up.
    connection = Connection(f"h{n}", config=config, connect_kwargs={"look_for_keys": False})
    for i in range(commands):
        connection.run(f"true {i}", hide=True, in_stream=False)
    connection.close()


with ThreadPoolExecutor(hosts) as pool:
    list(pool.map(work, range(hosts)))
