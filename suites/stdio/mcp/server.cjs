// An MCP server with one tool, which takes 0.3 s. With the argument `holding` it holds a timer, as others hold a connection to
// a database, until the transport says that the client is gone.
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
const { setTimeout } = require("node:timers/promises");

const server = new McpServer({ name: "slow", version: "1.0.0" });
server.registerTool("slow", { description: "Says that it is done, after 0.3 s." }, async () => {
    await setTimeout(300);
    return { content: [{ type: "text", text: "done" }] };
});
if (process.argv[2] === "holding") {
    const held = setInterval(() => {}, 1000);
    server.server.onclose = () => {
        clearInterval(held);
        console.error("given back");
    };
}
server.connect(new StdioServerTransport());
