import { types } from 'node:util';

// Jest runs tests in a realm of their own, where `instanceof Error` is false for the errors of Node's core. The AWS SDK
// asks just that before it decides what to try again, so without this it behaves in tests as it never does in life.
const ordinary = Function.prototype[Symbol.hasInstance];
Object.defineProperty(Error, Symbol.hasInstance, {
  value(candidate) {
    return ordinary.call(this, candidate) || (this === Error && types.isNativeError(candidate));
  },
});
