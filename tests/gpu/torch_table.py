# SPDX-License-Identifier: MIT
"""torch_table.py -- the results of torch_step.py (standard input) as a Markdown table."""
import json
import sys


def cell(row):
    if "skipped" in row:
        return "| {shape} | {loop} | - | - | {skipped} |".format(**row)
    return ("| {shape} | {loop} | {rate:,.0f} | {epoch_ms:.3f} | {loss:.4f} |").format(**row)


def main():
    result = json.load(sys.stdin)
    print("PyTorch {version} on {device}\n".format(**result))
    print("| shape | loop | samples/s | ms an epoch | loss |")
    print("|---|---|--:|--:|--:|")
    for row in result["rows"]:
        print(cell(row))


if __name__ == "__main__":
    main()
