import test from "node:test";

test("wrong", () => {
    throw new Error("wrong");
});
