import { codeMismatch, expiredCode } from './errors.ts';
import type { SignIn } from './operation.ts';
import { attributeOf, type CodePurpose, nowSeconds, type StoredUser } from './stored-user.ts';

/** The lifetime of Cognito's codes. */
const lifetimeSeconds: Record<CodePurpose, number> = { 'sign-up': 86_400, 'new-password': 3_600 };

export const newCode = ({ code }: SignIn, purpose: CodePurpose): StoredUser['Code'] => ({
  value: code,
  purpose,
  expires: nowSeconds() + lifetimeSeconds[purpose],
});

export function checkCode({ Code }: StoredUser, purpose: CodePurpose, given: string) {
  if (Code?.purpose !== purpose || Code.expires <= nowSeconds()) throw expiredCode();
  if (Code.value !== given) throw codeMismatch();
}

/** The masked address a mail would go to. It looks the same for an unknown person. */
export function deliveryTo(name: string, user?: StoredUser) {
  const [local = '', domain = ''] = ((user && attributeOf(user, 'email')) ?? name).split('@');
  const Destination = `${local.charAt(0)}***@${domain.charAt(0)}***`;
  return { CodeDeliveryDetails: { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination } };
}
