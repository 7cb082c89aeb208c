#!/usr/bin/env bash
# Asks a service everything that its OpenAPI document says can be asked, and what it says can't, and holds the answers to
# it: once where nobody signs in, once as somebody who has signed in.
#
# usage: run.sh PROGRAM [VENV]: the tasker program, and where schemathesis is or is to be installed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:?the tasker program}")
venv=$(realpath -m "${2:-$here/.venv}")
port=${PORT:-18091}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
[ -x "$venv/bin/schemathesis" ] || "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"

home=$(mktemp -d)
service=
trap 'if [ -n "$service" ]; then kill -TERM "$service" 2>/dev/null || true; fi; rm -rf "$home"' EXIT

run() { # run NAME SETTINGS: a service of its own, and every operation of it
  local name=$1 place header=()
  place="$home/$name"
  mkdir -p "$place/config/tasks" "$place/config/authorization"
  echo "$2" >"$place/config/tasker.yaml"
  cat >"$place/config/tasks/hello.yaml" <<'YAML'
name: hello
schema: { type: object, properties: { name: { type: string } } }
step_templates:
  - { name: first, handler_class: tasker.noop, skippable: true }
  - { name: second, handler_class: nobody.has_it, depends_on_step: first }
YAML
  printf 'p, role:admin, *, *, *, allow\n' >"$place/config/authorization/policy.csv"
  local at=(--config "$place/config" --database-url "sqlite://$place/tasker.db?mode=rwc")
  "$program" serve "${at[@]}" --listen "127.0.0.1:$port" >"$place/log" 2>&1 &
  service=$!
  for _ in $(seq 100); do
    curl -sf "http://127.0.0.1:$port/health/ready" >/dev/null && break
    sleep 0.1
  done
  if [ "$name" = signed-in ]; then
    header=(--header "X-API-Token: $("$program" token issue "${at[@]}" --role admin | grep -oE '\btasker_\S+' | head -1)")
  fi
  echo "-- $name"
  # Keys that repeat are conflicts, ids that are made up are not found: both are answers that the document has.
  (cd "$place" && "$venv/bin/schemathesis" run "http://127.0.0.1:$port/openapi.json" "${header[@]}" --no-color \
    --seed "${SEED:-7}" --max-examples "${EXAMPLES:-20}" --phases examples,coverage,fuzzing,stateful \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,negative_data_rejection,unsupported_method) \
    >"$place/said" 2>&1 || { cat "$place/said"; tail -50 "$place/log"; return 1; }
  grep -E 'Tested:|generated' "$place/said"
  kill -TERM "$service"
  wait "$service"
  service=
}

run open '{}'
run signed-in '{ authentication: { enabled: true, authenticators: [{ type: api_token }] }, authorization: { enabled: true } }'
