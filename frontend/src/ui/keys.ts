/**
 * Whether a key belongs to an input method, which composes a text with it: such an Enter chooses a word and sends
 * nothing. Safari reports the key that ends a composition after its end, marked by the code 229 alone.
 */
export const isOfInputMethod = ({ isComposing, keyCode }: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>) =>
  isComposing || keyCode === 229;
