import { expect, test } from "vitest";

test("wrong", () => {
    throw new Error("wrong");
});
