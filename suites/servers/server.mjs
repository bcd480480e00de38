// The HTTP server of Node: /slow/MS answers after so many milliseconds.
//
// The first argument says what it does at SIGTERM: `plain` (nothing), `close` (`server.close()`), or `close-all` (that, and
// `server.closeAllConnections()`).
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const slow = request.url.match(/^\/slow\/(\d+)$/);
  if (slow) console.log("slow : begun");
  setTimeout(() => response.end("done"), slow ? Number(slow[1]) : 0);
});
const [, , ending] = process.argv;
if (ending !== "plain") {
  process.on("SIGTERM", () => {
    server.close();
    if (ending === "close-all") server.closeAllConnections();
  });
}
server.listen(0, "127.0.0.1");
