#!/usr/bin/env bash
# deleted-table.sh BACKUP: restores the deleted table under its own name from the backup of this ARN (docs/operations.md).
# It follows the options of the AWS CLI, and was not run against an account.
set -euo pipefail
BACKUP=${1?Which backup?}
aws dynamodb restore-table-from-backup --target-table-name parley-messages --backup-arn "$BACKUP" \
  --sse-specification-override Enabled=true,SSEType=KMS,KMSMasterKeyId=alias/parley-data
aws dynamodb wait table-exists --table-name parley-messages
aws dynamodb update-table --table-name parley-messages \
  --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES
aws dynamodb wait table-exists --table-name parley-messages
aws dynamodb update-table --table-name parley-messages --deletion-protection-enabled
aws dynamodb update-time-to-live --table-name parley-messages --time-to-live-specification Enabled=true,AttributeName=ttl
aws dynamodb update-continuous-backups --table-name parley-messages \
  --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true
