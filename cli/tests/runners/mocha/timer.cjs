it("leaks a timer", () => {
    setInterval(() => {}, 1000);
});
