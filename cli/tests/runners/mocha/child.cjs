const { spawn } = require("node:child_process");

it("leaks a child", () => {
    spawn("sleep", ["300"], { stdio: "inherit" });
});
