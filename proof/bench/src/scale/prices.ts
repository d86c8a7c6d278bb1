/** US dollars in us-east-1, on demand, as AWS lists them since November 2024. */
export const prices = {
  millionWriteUnits: 0.625,
  millionReadUnits: 0.125,
  gigabyteMonth: 0.25,
  millionLambdaRequests: 0.2,
  lambdaGigabyteSecond: 0.0000166667,
  /** Fargate on arm64. */
  cpuHour: 0.03238,
  gigabyteHour: 0.00356,
  balancerHour: 0.0225,
  natGatewayHour: 0.045,
  /** An interface endpoint in one zone. */
  endpointHour: 0.01,
  publicAddressHour: 0.005,
  auroraUnitHour: 0.12,
  keyMonth: 1,
  secretMonth: 0.4,
  /** Each metric that an alarm watches. */
  alarmMonth: 0.1,
  metricMonth: 0.3,
  /** AWS WAF. Each million inspected requests costs another 0.60. */
  firewallMonth: 5,
  firewallRuleMonth: 1,
};

export const dollars = ({ write = 0, read = 0 }: { write?: number; read?: number }) =>
  (write * prices.millionWriteUnits + read * prices.millionReadUnits) / 1e6;
