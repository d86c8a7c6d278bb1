import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts a finding of cdk-nag on a construct and its children. The reason is written to the stack's *.metadata.json,
 * beside its template.
 */
export function accept(construct: IConstruct, id: string, reason: string) {
  Validations.of(construct).acknowledge({ id, reason });
}
