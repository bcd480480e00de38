"""An MCP server with one tool, which takes 0.3 s. Its lifespan holds what it must give back."""

import sys
from contextlib import asynccontextmanager

import anyio
from mcp.server.mcpserver import MCPServer


@asynccontextmanager
async def lifespan(_server):
    try:
        yield
    finally:
        print("given back", file=sys.stderr, flush=True)


server = MCPServer("slow", lifespan=lifespan)


@server.tool()
async def slow() -> str:
    """Says that it is done, after 0.3 s."""
    await anyio.sleep(0.3)
    return "done"


server.run("stdio")
