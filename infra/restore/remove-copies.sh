#!/usr/bin/env bash
# Deletes what copies.sh restored.
set -euo pipefail
aws rds delete-db-instance --db-instance-identifier parley-people-restored-1
aws rds modify-db-cluster --db-cluster-identifier parley-people-restored --no-deletion-protection
aws rds delete-db-cluster --db-cluster-identifier parley-people-restored --skip-final-snapshot
aws dynamodb update-table --table-name parley-restored --no-deletion-protection-enabled
aws dynamodb wait table-exists --table-name parley-restored
aws dynamodb delete-table --table-name parley-restored
