#!/usr/bin/env node
"use strict";
// Runs the binary of this platform's package in the place of this process as far as Node allows: the same streams, the same end.
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `@exeunt/cli-${process.platform}-${process.arch}`;
let binary;
try {
  binary = require.resolve(`${name}/bin/exeunt`);
} catch {
  console.error(`exeunt: the package ${name} is not installed: this platform has none, or optional dependencies were left out`);
  process.exit(2);
}
const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends its signals to both; what is sent to this process alone is handed on, once.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", error => {
  console.error(`exeunt: failed to run ${binary}: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
