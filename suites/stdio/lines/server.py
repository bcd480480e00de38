"""A server that answers each line of its standard input: it ends when that does."""

import sys

print("up", flush=True)
for line in sys.stdin:
    print(f"answer {line.strip()}", flush=True)
