// A language server with one command, which takes 0.3 s.
const { createConnection } = require("vscode-languageserver/node");
const { setTimeout } = require("node:timers/promises");

const connection = createConnection(process.stdin, process.stdout);
connection.onInitialize(() => ({ capabilities: { executeCommandProvider: { commands: ["slow"] } } }));
connection.onExecuteCommand(async () => {
    await setTimeout(300);
    return "done";
});
connection.listen();
