# Prelude of the scripts that talk to AWS, which begin as ../lib.sh says. Credentials are those of the AWS SDK
# (environment, profile, sign-on); what is deployed where is in infra/settings.json.
own_engines=true
source "$(command dirname "${BASH_SOURCE[0]}")/../lib.sh"

# settings_wanted: ends with a clear line where nobody has said which account and domain are meant.
settings_wanted() {
  [[ -f infra/settings.json ]] || fail "infra/settings.json is missing. Copy infra/settings.example.json and fill it in."
}

# setting NAME: a setting, as text.
setting() { node -p 'JSON.parse(require("fs").readFileSync("infra/settings.json", "utf8"))[process.argv[1]]' "$1"; }

# cdk COMMAND [ARGUMENT...]: the CDK's own command line, in place of the script.
cdk() { cd infra && exec node ../node_modules/aws-cdk/bin/cdk "$@"; }
