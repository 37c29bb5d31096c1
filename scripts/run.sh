# The whole system on this machine: host, agent, a sample folder, a real backup.
set -euo pipefail
. scripts/common.sh

once=no
port=8080
data=.run
database=
while [ $# -gt 0 ]; do
    case "$1" in
    --once) once=yes && shift ;;
    --port) port=$2 && shift 2 ;;
    --data-dir) data=$2 && shift 2 ;;
    --database-url) database=$2 && shift 2 ;;
    *)
        echo "dev run: unknown option $1; see ./dev help" >&2
        exit 2
        ;;
    esac
done

bash scripts/deps.sh run
bash scripts/build.sh --no-tests

mkdir -p "$data"
data=$(cd "$data" && pwd)
chmod 700 "$data"
bin=$PWD/build/bin
url=http://127.0.0.1:$port
api=$url/api/v1
host_pid=
agent_pid=

stop() {
    local code=${1:-$?}
    trap - EXIT INT TERM
    for pid in $agent_pid $host_pid; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    exit "$code"
}
trap stop EXIT
trap 'echo; say "Stopping"; stop 0' INT TERM

host_options=(--data-dir "$data/host" --http-addr "0.0.0.0:$port" --log-format text)
# By environment: arguments are for everyone to see, and the URL may hold a password.
[ -n "$database" ] && export AE_DATABASE_URL=$database

say "[1/6] Preparing the database"
"$bin/ae-backend" migrate "${host_options[@]}" >"$data/migrate.log" 2>&1 ||
    { cat "$data/migrate.log" >&2; fail "the database is not ready" "correct what the message names"; }

# A token of this run's own: the administrator's password may have been changed since the last time.
token_file=$data/dev-run.token
"$bin/ae-backend" token create "${host_options[@]}" --name dev-run --role admin --expires-in 1d --json \
    >"$data/token.json" 2>"$data/token.log" ||
    { cat "$data/token.log" >&2; fail "no API token could be created" "correct what the message names"; }
(umask 077 && jq -r .token "$data/token.json" >"$token_file")
rm -f "$data/token.json"

say "[2/6] Starting the host on $url"
"$bin/ae-backend" serve "${host_options[@]}" >"$data/host.log" 2>&1 &
host_pid=$!
ready=no
for _ in $(seq 1 150); do
    kill -0 "$host_pid" 2>/dev/null || break
    if curl -fsS "$url/health/ready" >/dev/null 2>&1; then
        ready=yes
        break
    fi
    sleep 0.1
done
if [ "$ready" != yes ] || ! kill -0 "$host_pid" 2>/dev/null; then
    tail -n 5 "$data/host.log" >&2
    fail "the host did not start" "if the port is taken, choose another one with --port"
fi

# call METHOD PATH [JSON]: the answer on stdout; the API's own words when it refuses. The token goes by file.
call() {
    local method=$1 path=$2 answer code
    local -a body=(-H 'Content-Length: 0')
    [ $# -gt 2 ] && body=(--data "$3")
    answer=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$token_file")" |
        curl -sS --max-time 30 -K - -X "$method" "$api$path" -H 'Content-Type: application/json' \
            "${body[@]}" -w '\n%{http_code}' 2>&1) ||
        fail "the host does not answer: $answer" "read $data/host.log"
    code=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    case "$code" in
    2*) printf '%s' "$answer" ;;
    *) fail "$method $path answered $code: $(jq -r '.message // .' <<<"$answer" 2>/dev/null)" "read $data/host.log" ;;
    esac
}

say "[3/6] Enrolling this machine's agent"
hostname=$(cat /proc/sys/kernel/hostname)
if [ ! -f "$data/agent/identity.json" ]; then
    registration=$(call POST /restic/agents/registration-tokens '{}' | jq -r .token)
    "$bin/restic-agent" enroll --server "$url" --token "$registration" --hostname "$hostname" \
        --state-dir "$data/agent" >"$data/enroll.log" 2>&1 ||
        { cat "$data/enroll.log" >&2; fail "the agent could not enrol" "correct what the message names"; }
else
    note "already enrolled"
fi
agent=$(jq -r '.agent_id // .agentId' "$data/agent/identity.json")
RESTIC_AGENT_ORCHESTRATOR_URL=$url "$bin/restic-agent" run --state-dir "$data/agent" >"$data/agent.log" 2>&1 &
agent_pid=$!

say "[4/6] Preparing a sample folder, a repository and a policy"
sample=$data/sample
mkdir -p "$sample"
if [ ! -f "$sample/readme.txt" ]; then
    printf 'This folder is backed up by ./dev run. Put files here and see what the next backup saves.\n' >"$sample/readme.txt"
    for i in $(seq 1 200); do head -c 65536 /dev/urandom >"$sample/file-$i.bin"; done
fi
date -u +%FT%TZ >>"$sample/runs.txt" # every run has something new to save
repository=$(call GET /restic/repositories | jq -r '.items[] | select(.name == "sample") | .id')
if [ -z "$repository" ]; then
    secret=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
    repository=$(call POST /restic/repositories "$(jq -n --arg path "$data/repository" --arg agent "$agent" --arg secret "$secret" \
        '{name: "sample", type: "local", config: {path: $path}, agent_id: $agent, password: $secret}')" | jq -r .id)
fi
policy=$(call GET '/restic/policies?name=sample' | jq -r '.items[0].id // empty')
if [ -z "$policy" ]; then
    policy=$(call POST /restic/policies "$(jq -n --arg path "$sample" --arg repository "$repository" \
        '{name: "sample", schedule: "0 2 * * *", include_paths: [$path], repository_id: $repository,
          retention_rules: {keep_daily: 7, keep_weekly: 4, keep_monthly: 12}}')" | jq -r .id)
fi
call PUT "/restic/agents/$agent/policies/$policy" >/dev/null

say "[5/6] Backing up"
task=$(call POST /restic/tasks "$(jq -n --arg agent "$agent" --arg policy "$policy" \
    '{type: "backup", agent_id: $agent, policy_id: $policy}')" | jq -r .id)
deadline=$((SECONDS + 300))
last=
while :; do
    run=$(call GET "/restic/tasks/$task")
    status=$(jq -r .status <<<"$run")
    line="$status $(jq -r 'if .progress and .status == "running" then "\(.progress.percent_done // .progress.percentDone | floor) %" else "" end' <<<"$run")"
    [ "$line" != "$last" ] && note "$line"
    last=$line
    case "$status" in
    success) break ;;
    warning | failed | cancelled)
        fail "the backup ended as $status: $(jq -r '.error.message // "see the log"' <<<"$run")" \
            "$(jq -r '.error.hint // "read the log of the agent"' <<<"$run") ($data/agent.log)"
        ;;
    esac
    kill -0 "$agent_pid" 2>/dev/null || { tail -n 5 "$data/agent.log" >&2; fail "the agent has stopped" "read $data/agent.log"; }
    [ "$SECONDS" -gt "$deadline" ] && fail "the backup took longer than five minutes" "read $data/agent.log"
    sleep 0.3
done
run=$(call GET "/restic/backup-runs/$task")
note "snapshot $(jq -r '.snapshot_id[0:8]' <<<"$run"): $(jq -r .total_files_processed <<<"$run") files, $(jq -r '(.total_bytes_processed / 1048576 * 10 | floor) / 10' <<<"$run") MiB read, $(jq -r '(.data_added / 1048576 * 10 | floor) / 10' <<<"$run") MiB added"

say "[6/6] Ready"
echo
echo "  Restic Monitor   http://localhost:$port"
if [ -f "$data/host/initial-admin.json" ]; then
    echo "  First sign-in    $(jq -r .email "$data/host/initial-admin.json")  /  $(jq -r .password "$data/host/initial-admin.json")"
else
    echo "  Sign in with the password that you chose."
fi
echo "  API              http://localhost:$port/swagger/"
echo "  Data and logs    $data"
echo
[ "$once" = yes ] && stop 0
echo "  Ctrl-C stops everything."
while kill -0 "$host_pid" 2>/dev/null && kill -0 "$agent_pid" 2>/dev/null; do
    sleep 1
done
fail "$(kill -0 "$host_pid" 2>/dev/null && echo the agent || echo the host) ended by itself" "read the logs in $data"
