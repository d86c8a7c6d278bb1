/**
 * Characters that show nothing: white space, controls, default-ignorable characters and noncharacters, and those that
 * Unicode counts as symbols or marks although no font draws them: interlinear annotation (U+FFF9-FFFB), the object
 * replacement character, the Braille blank, the null notehead, the Khitan filler, Egyptian format controls.
 */
const onlyInvisible =
  /^[\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufff9-\ufffc\u2800\u{1d159}\u{16fe4}\u{13430}-\u{1343f}]*$/u;

/** Whether a text shows nothing. */
export const isBlank = (text: string) => onlyInvisible.test(text);
