import { types } from 'node:util';

// Jest runs tests in a realm of their own, in which `instanceof Error` is false for errors of Node's core. The AWS SDK
// uses it to decide on retries, so without this change it would behave differently in tests.
const ordinary = Function.prototype[Symbol.hasInstance];
Object.defineProperty(Error, Symbol.hasInstance, {
  value(candidate) {
    return ordinary.call(this, candidate) || (this === Error && types.isNativeError(candidate));
  },
});
