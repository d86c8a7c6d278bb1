/** US dollars in us-east-1, on demand, as AWS lists them since November 2024. */
export const prices = {
  millionWriteUnits: 0.625,
  millionReadUnits: 0.125,
  gigabyteMonth: 0.25,
  millionLambdaRequests: 0.2,
  lambdaGigabyteSecond: 0.0000166667,
};

export const dollars = ({ write = 0, read = 0 }: { write?: number; read?: number }) =>
  (write * prices.millionWriteUnits + read * prices.millionReadUnits) / 1e6;
