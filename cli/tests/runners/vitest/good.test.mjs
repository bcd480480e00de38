import { expect, test } from "vitest";

test("good", () => {});
