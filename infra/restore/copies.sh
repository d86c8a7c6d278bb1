#!/usr/bin/env bash
# copies.sh TIME: restores the table and the people as of TIME (2026-11-21T09:00:00Z) beside those that serve, as
# parley-restored and parley-people-restored (docs/operations.md). It follows the options of the AWS CLI, and was not run
# against an account.
set -euo pipefail
AT=${1?Which time?}
aws dynamodb restore-table-to-point-in-time --source-table-name parley-messages --target-table-name parley-restored \
  --restore-date-time $AT --sse-specification-override Enabled=true,SSEType=KMS,KMSMasterKeyId=alias/parley-data
of_people() { aws rds describe-db-clusters --db-cluster-identifier parley-people --query "DBClusters[0].$1" --output text; }
scaling=ServerlessV2ScalingConfiguration
aws rds restore-db-cluster-to-point-in-time --source-db-cluster-identifier parley-people \
  --db-cluster-identifier parley-people-restored --restore-to-time $(date -u -d "$AT + 1 minute" +%FT%TZ) \
  --db-subnet-group-name $(of_people DBSubnetGroup) \
  --vpc-security-group-ids $(of_people 'VpcSecurityGroups[0].VpcSecurityGroupId') \
  --db-cluster-parameter-group-name $(of_people DBClusterParameterGroup) \
  --serverless-v2-scaling-configuration \
  MinCapacity=$(of_people $scaling.MinCapacity),MaxCapacity=$(of_people $scaling.MaxCapacity) \
  --enable-iam-database-authentication --deletion-protection
aws rds wait db-cluster-available --db-cluster-identifier parley-people-restored
aws rds create-db-instance --db-instance-identifier parley-people-restored-1 --engine aurora-postgresql \
  --db-cluster-identifier parley-people-restored --db-instance-class db.serverless --no-publicly-accessible
aws rds wait db-instance-available --db-instance-identifier parley-people-restored-1
# One wait gives up after 8 minutes.
for _ in {1..12}; do aws dynamodb wait table-exists --table-name parley-restored && break; done
aws dynamodb update-table --table-name parley-restored --deletion-protection-enabled
aws dynamodb update-continuous-backups --table-name parley-restored \
  --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true
