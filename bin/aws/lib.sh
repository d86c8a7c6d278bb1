# Prelude of the scripts that use AWS, which begin as ../lib.sh describes. Credentials come from the AWS SDK
# (environment, profile, single sign-on). Account, region and domain are in infra/settings.json.
own_engines=true
source "$(command dirname "${BASH_SOURCE[0]}")/../lib.sh"

# settings_wanted: fails with a clear line if infra/settings.json is missing.
settings_wanted() {
  [[ -f infra/settings.json ]] || fail "infra/settings.json is missing. Copy infra/settings.example.json and fill it in."
}

# setting NAME: prints a setting as text.
setting() { node -p 'JSON.parse(require("fs").readFileSync("infra/settings.json", "utf8"))[process.argv[1]]' "$1"; }

# cdk COMMAND [ARGUMENT...]: replaces the script by the CDK's command line.
cdk() { cd infra && exec node ../node_modules/aws-cdk/bin/cdk "$@"; }
