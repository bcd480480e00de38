const { spawn } = require("node:child_process");

test("leaks a child", () => {
    spawn("sleep", ["300"], { stdio: "inherit" });
});
