// The HTTP server of Node with terminus: /slow/MS answers after so many milliseconds, /readyz says whether the server is ready.
//
// At SIGTERM it stays for `DRAIN` milliseconds, so that whoever asks /readyz can go elsewhere; then it stops.
const { createServer } = require("node:http");
const { createTerminus } = require("@godaddy/terminus");

const server = createServer((request, response) => {
  const slow = request.url.match(/^\/slow\/(\d+)$/);
  if (slow) console.log("slow : begun");
  setTimeout(() => response.end("done"), slow ? Number(slow[1]) : 0);
});
const drain = Number(process.env.DRAIN ?? 0);
createTerminus(server, {
  healthChecks: { "/readyz": async () => {} },
  beforeShutdown: () => new Promise((resolve) => setTimeout(resolve, drain)),
  timeout: 30_000,
});
server.listen(0, "127.0.0.1");
