import test from "node:test";

test("leaks a timer", () => {
    setInterval(() => {}, 1000);
});
