"""A language server with one command, which takes 0.3 s."""

import asyncio

from pygls.lsp.server import LanguageServer

server = LanguageServer("slow", "1.0.0")


@server.command("slow")
async def slow(*_arguments):
    await asyncio.sleep(0.3)
    return "done"


server.start_io()
