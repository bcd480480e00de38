"""main has ended, and a job of the default executor still runs: asyncio waits for it, for 300 s from Python 3.12.3 on."""

import asyncio
import time


def job():
    time.sleep(1000)
    print("Job : done", flush=True)


async def main():
    asyncio.get_running_loop().run_in_executor(None, job)
    print("Main : all done", flush=True)


asyncio.run(main())
