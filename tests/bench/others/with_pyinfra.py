"""The commands with pyinfra: its operations, which it sends to all hosts at once."""
import os

from pyinfra.operations import server

for i in range(int(os.environ["COMMANDS"])):
    server.shell(name=f"command {i}", commands=[f"true {i}"])
