# Prelude of every script in bin/: `source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"` (or "/../lib.sh").
# Goes to the root of the repository and loads .env, then what a running bin/start wrote to DATA_DIR/env.
# A variable that is already set keeps its value. Who starts engines of his own says own_engines=true before.
set -euo pipefail
script=$(cd "$(dirname "$0")" && pwd)/${0##*/}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true

# load_env FILE: exports NAME=value lines (quotes as a shell takes them) for names that are not set yet.
load_env() {
  local line name
  [[ -f $1 ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[2]}
    [[ -n ${!name+set} ]] || { eval "$name=${BASH_REMATCH[3]}" && export "${name?}"; }
  done <"$1"
}
load_env .env
[[ ${own_engines:-} == true ]] || load_env "${DATA_DIR:-.data}/env"

# usage: prints the calling script's head comment. `help_wanted "$@"` does so and ends for -h or --help.
usage() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$script"; }
help_wanted() {
  local argument
  for argument in "$@"; do
    [[ $argument != -h && $argument != --help ]] || { usage; exit 0; }
  done
}

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# need COMMAND [HINT]: ends with a clear line where a command is missing.
need() { command -v "$1" >/dev/null || fail "needs '$1', which is not installed.${2:+ $2}"; }

# need_variable NAME: ends with a clear line where a setting is missing.
need_variable() { [[ -n ${!1:-} ]] || fail "$1 is not set. Start Parley (bin/start), or set it in the environment or .env."; }

# is_cloud: no DynamoDB endpoint is configured, so the table is the one on AWS.
is_cloud() { [[ -z ${AWS_ENDPOINT_URL_DYNAMODB:-} ]]; }

# confirm_cloud "$@": what destroys refuses the cloud without --yes.
confirm_cloud() {
  local argument
  is_cloud || return 0
  for argument in "$@"; do [[ $argument != --yes ]] || return 0; done
  fail "AWS_ENDPOINT_URL_DYNAMODB is not set, so this would act on AWS. Add --yes if you mean it, or run bin/start first."
}

# ts FILE [ARGUMENT...]: runs a TypeScript file in place of the script.
ts() { exec node --import tsx "$@"; }
