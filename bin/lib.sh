# Prelude of every script in bin/. After its head comment a script begins with these lines ("/../lib.sh" in a folder
# below), so that it can be called from anywhere and through symbolic links:
#
#   set -euo pipefail
#   self=${BASH_SOURCE[0]}
#   while [[ -L $self ]]; do link=$(command readlink "$self"); [[ $link == /* ]] || link=$(command dirname "$self")/$link; self=$link; done
#   source "$(command dirname "$self")/lib.sh"
#
# Changes to the root of the repository and loads .env, then the file that a running bin/start wrote to DATA_DIR/env. A
# variable that is already set keeps its value. A script that starts engines of its own sets own_engines=true before, so
# that DATA_DIR/env is not loaded.
#
# Relative paths in arguments, and in DATA_DIR and DYNAMODB_LOCAL_JAR from the environment, are relative to the caller's
# folder ($here, or PARLEY_CALLER_DIR for programs). In .env they are relative to the folder of .env.
set -euo pipefail
set +o posix
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  echo "${0##*/}: needs bash 4.4 or newer; this is $BASH_VERSION. On macOS: brew install bash" >&2
  exit 2
fi
# Restarts the script without functions, BASH_ENV, CDPATH and shell options from the environment.
if [[ $- != *p* ]]; then
  unset own_engines POSIXLY_CORRECT GREP_OPTIONS BASH_ENV CDPATH
  exec "$BASH" -p -- "$0" "$@"
fi
here=${PWD:-/}
script=$(cd -P -- "$(dirname "$self")" && pwd)/${self##*/}
cd -P -- "$(dirname "${BASH_SOURCE[0]}")/.."
for name in DATA_DIR DYNAMODB_LOCAL_JAR; do
  [[ -z ${!name:-} || ${!name} == /* ]] || export "$name=$here/${!name}"
done
export PARLEY_CALLER_DIR=$here AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true

# fail TEXT: the script cannot begin (exit code 2). found TEXT: it ran and found a fault (1). See docs/decisions/0026.
fail() { echo "${0##*/}: $*" >&2; exit 2; }
found() { echo "${0##*/}: $*" >&2; exit 1; }

# need COMMAND [HINT]: fails with a clear line if a command is missing.
need() { command -v "$1" >/dev/null || fail "needs '$1', which is not installed.${2:+ $2}"; }

# need_node: fails with a clear line if Node is missing or too old.
need_node() {
  local hint="Parley needs Node 20.19 or newer: https://nodejs.org"
  need node "$hint"
  node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' ||
    fail "$hint. This is $(node --version)."
}

# load_settings: exports the settings of the files that the environment does not set.
load_settings() {
  local name= value end=
  local -a which=()
  [[ ${own_engines:-} == true ]] || which=(--system)
  [[ -e .env || (${#which[@]} -gt 0 && -e ${DATA_DIR:-.data}/env) ]] || return 0
  need_node
  while IFS= read -r -d '' name; do
    if [[ $name == END ]]; then end=true && break; fi
    IFS= read -r -d '' value && export "$name=$value"
  done < <(node config/src/load-env.mjs "${which[@]}")
  # Without END the program has printed an error.
  [[ $end == true ]] || exit 2
}

# usage: prints the calling script's head comment. help_wanted "$@": prints it and exits for -h or --help.
usage() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$script"; }
help_wanted() {
  local argument
  for argument in "$@"; do
    [[ $argument != -h && $argument != --help ]] || { usage; exit 0; }
  done
}

# takes "OPTION..." "$@": like help_wanted, and fails with a clear line for any unlisted argument.
takes() {
  local argument known=" $1 --verbose "
  help_wanted "${@:2}"
  for argument in "${@:2}"; do
    [[ $known == *" $argument "* ]] || fail "unknown argument '$argument'. See --help."
  done
}

# need_variable NAME: fails with a clear line if a setting is missing.
need_variable() {
  [[ -n ${!1:-} ]] || fail "$1 is not set, and no Parley runs on ${DATA_DIR:-$PWD/.data}. Start it (bin/start), set DATA_DIR to its folder, or set $1 in the environment or .env."
}

# is_cloud: whether the table is on AWS, because no DynamoDB endpoint is configured.
is_cloud() { [[ -z ${AWS_ENDPOINT_URL_DYNAMODB:-} ]]; }

# confirm_cloud "$@": a destructive script refuses to act on AWS without --yes.
confirm_cloud() {
  local argument
  is_cloud || return 0
  for argument in "$@"; do [[ $argument != --yes ]] || return 0; done
  fail "AWS_ENDPOINT_URL_DYNAMODB is not set, so this would act on AWS. Add --yes if you mean it, or run bin/start first."
}

# given_path PATH: the absolute path of an argument.
given_path() { if [[ $1 == /* ]]; then echo "$1"; else echo "$here/$1"; fi; }

# ts FILE [ARGUMENT...]: replaces the script by a TypeScript program. Its errors are one line, or whole with --verbose.
ts() {
  need node
  [[ -e node_modules/tsx && -e node_modules/.package-lock.json ]] || fail "the packages are not installed. Run bin/install."
  exec node --import tsx --import ./cli/src/one-line-errors.ts "$@"
}

[[ ${1:-} == -h || ${1:-} == --help ]] || load_settings
