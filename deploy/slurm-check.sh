#!/bin/sh
# Runs `flowerctl bundle slurm` for real: Debian's slurm-wlm, three slurmd on this machine,
# 1,000 pictures in 16 shards, one node killed while it answers. As root, with flowerctl in
# the path; MODEL is an ONNX file, else the model built in.
#
#   apt-get install slurm-wlm && sh deploy/slurm-check.sh
set -eu
dir=$(mktemp -d)
host=$(hostname -s)
export SLURM_CONF="$dir/slurm.conf"
pids=
trap 'kill $pids 2>/dev/null || true' EXIT
cat >"$SLURM_CONF" <<END
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmdSpoolDir=$dir/spool.%n
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmdTimeout=15
MessageTimeout=30
ReturnToService=2
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17003] CPUs=2 RealMemory=4000
PartitionName=main Nodes=n[1-3] Default=YES State=UP MaxTime=INFINITE
END
mkdir -p "$dir/state" "$dir/spool.n1" "$dir/spool.n2" "$dir/spool.n3"
dd if=/dev/urandom of="$dir/munge.key" bs=1024 count=1 2>/dev/null
chmod 400 "$dir/munge.key"
chmod 711 "$dir"
munged --foreground --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" \
	--pid-file="$dir/munged.pid" --seed-file="$dir/munge.seed" >"$dir/munged.log" 2>&1 &
pids="$pids $!"
sleep 2
slurmctld -D -c >"$dir/slurmctld.log" 2>&1 &
pids="$pids $!"
for n in 1 2 3; do
	slurmd -D -N "n$n" >"$dir/slurmd.n$n.log" 2>&1 &
	pids="$pids $!"
	last=$!
done
for _ in $(seq 60); do
	[ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 3 ] && break
	sleep 1
done
sinfo

flowerctl bundle slurm "$dir/job" --shards 16 ${MODEL:+--model "$MODEL"}
cd "$dir/job"
flowerctl data draw photos --count 200
flowerctl predict photos --json --model model.onnx >"$dir/whole.jsonl"
sh submit.sh photos
# The third node dies with all that runs on it, when some shards are done.
until ls answers/part-*.jsonl >/dev/null 2>&1 && [ -n "$(squeue -h -w n3 -t R -o %i)" ]; do
	sleep 0.2
done
squeue
echo "killing n3, which runs $(squeue -h -w n3 -t R -o %K | tr '\n' ' ')"
kill -9 "$last"
for process in /proc/[0-9]*; do # its tasks, known by their environment, and what waits for them
	if cat "$process/environ" 2>/dev/null | tr '\0' '\n' >"$dir/environ" &&
		grep -qx "SLURM_CONF=$SLURM_CONF" "$dir/environ" &&
		grep -qx SLURMD_NODENAME=n3 "$dir/environ"; then
		id=${process#/proc/}
		parent=$(awk '{print $4}' "$process/stat" 2>/dev/null || true)
		case "$(cat "/proc/$parent/comm" 2>/dev/null)" in
		slurmstepd) kill -9 "$parent" "$id" 2>/dev/null || true ;;
		*) kill -9 "$id" 2>/dev/null || true ;;
		esac
	fi
done
for _ in $(seq 600); do
	[ -e answers/_SUCCESS ] && break
	sleep 1
done
sinfo
grep -h "requeue\|not responding" "$dir/slurmctld.log" | head
cmp answers/result.jsonl "$dir/whole.jsonl"
echo "$(wc -l <answers/result.jsonl) answers, the same as of one run"
