"""The commands with fabric: one connection a host, all hosts at once."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from fabric import Config, Connection

hosts, commands = int(sys.argv[1]), int(sys.argv[2])
config = Config(runtime_ssh_path=os.environ["SSH_CONFIG"])


def work(n):
    connection = Connection(f"h{n}", config=config)
    for i in range(commands):
        connection.run(f"true {i}", hide=True, in_stream=False)
    connection.close()


with ThreadPoolExecutor(hosts) as pool:
    list(pool.map(work, range(hosts)))
