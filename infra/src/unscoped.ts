/**
 * Actions that take no resource, so that a policy can name none, and why Parley needs each. A test holds policies to
 * it.
 */
export const unscopedActions: Record<string, string> = {
  'ec2:CreateNetworkInterface': 'Lambda in the VPC; denied to the code of the functions',
  'ec2:DescribeNetworkInterfaces': 'the same',
  'ec2:DescribeSubnets': 'the same',
  'ec2:DeleteNetworkInterface': 'the same',
  'ec2:AssignPrivateIpAddresses': 'the same',
  'ec2:UnassignPrivateIpAddresses': 'the same',
  'xray:PutTraceSegments': 'traces of the functions',
  'xray:PutTelemetryRecords': 'the same',
  'dynamodb:ListStreams': 'Lambda refuses an event source whose role may not call it',
  'ecr:GetAuthorizationToken': 'the tasks pull their image',
};
