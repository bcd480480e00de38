import { expect, test } from "vitest";

test("leaks a timer", () => {
    setInterval(() => {}, 1000);
});
