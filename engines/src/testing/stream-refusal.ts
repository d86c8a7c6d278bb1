/** An error that DynamoDB Streams would answer, by its name. */
export class Refusal extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

export const refusalBody = (name: string) => ({
  __type: `com.amazonaws.dynamodb.v20120810#${name}`,
  message: `${name}, by the stream proxy`,
});
