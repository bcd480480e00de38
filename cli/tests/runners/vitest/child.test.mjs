import { spawn } from "node:child_process";
import { expect, test } from "vitest";

test("leaks a child", () => {
    spawn("sleep", ["300"], { stdio: "inherit" });
});
