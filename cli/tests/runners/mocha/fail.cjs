it("wrong", () => {
    throw new Error("wrong");
});
