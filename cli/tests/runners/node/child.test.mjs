import { spawn } from "node:child_process";
import test from "node:test";

test("leaks a child", () => {
    spawn("sleep", ["300"], { stdio: "inherit" });
});
