export const handleMaxChars = 30;
const wellFormed = /^(?=.*[A-Za-z0-9])[A-Za-z0-9_.-]{1,30}$/;
/** Names that the system gives: to erased people, and to those whom a restored database lacks. */
const reserved = /^(deleted|missing)-/i;

/** Whether nobody may choose this handle, whoever has it now. */
export const isReservedHandle = (handle: string) => reserved.test(handle);

/** Whether a person may choose this handle, if nobody else has it. */
export const isHandle = (handle: string) => wellFormed.test(handle) && !isReservedHandle(handle);
