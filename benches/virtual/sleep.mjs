// sleep.mjs CASE SECONDS: one of the seed's three cases.
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { setTimeout as sleep } from "node:timers/promises";

if (isMainThread) {
    const [name, seconds] = process.argv.slice(2);
    const worker = new Worker(new URL(import.meta.url), { workerData: Number(seconds) });
    if (name === "daemon") worker.unref();
    if (name === "join") await new Promise((over) => worker.on("exit", over));
    console.log("Main : all done");
} else {
    console.log("Thread 1 : starting");
    if (workerData > 0) await sleep(workerData * 1000);
    console.log("Thread 1 : finishing");
}
