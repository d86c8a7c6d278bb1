import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts a finding of cdk-nag on a construct and what is inside it. The reason stands in the stack's *.metadata.json,
 * beside its template.
 */
export function accept(construct: IConstruct, id: string, reason: string) {
  Validations.of(construct).acknowledge({ id, reason });
}
