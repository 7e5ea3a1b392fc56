#!/bin/sh
# Lists the pictures, answers in {{.Shards}} shards, and merges: sh submit.sh photos/
set -eu
cd "$(dirname "$0")"
[ -e manifest.jsonl ] || flowerctl list "$@" --out manifest.jsonl
id=$(sbatch --parsable predict.sbatch)
sbatch --dependency="afterok:$id" merge.sbatch
