test("wrong", () => {
    throw new Error("wrong");
});
