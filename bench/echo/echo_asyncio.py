# SPDX-License-Identifier: MIT

"""An echo server as an asyncio protocol.

    echo_asyncio.py --loop asyncio|uvloop

Protocols are the fast half of asyncio: streams take half as much again of the
processor.  Exit status 77 when uvloop is not there.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys

LISTENING = 3  # the descriptor that bench_echo hands over
ABSENT = 77


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def serve():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, os._exit, 0)
    listening = socket.socket(fileno=LISTENING)
    server = await loop.create_server(Echo, sock=listening, backlog=4096)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--loop', choices=['asyncio', 'uvloop'],
                        required=True)
    if parser.parse_args().loop == 'uvloop':
        try:
            import uvloop
        except ImportError:
            sys.exit(ABSENT)
        uvloop.install()
    asyncio.run(serve())


main()
