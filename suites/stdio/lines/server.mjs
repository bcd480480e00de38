// A server that answers each line of its standard input: it ends when that does.
import { createInterface } from "node:readline";

console.log("up");
for await (const line of createInterface({ input: process.stdin })) console.log(`answer ${line}`);
