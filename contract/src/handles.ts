export const handleMaxChars = 30;
const wellFormed = /^(?=.*[A-Za-z0-9])[A-Za-z0-9_.-]{1,30}$/;
/** Handles that the system gives to erased people and to placeholders. */
const reserved = /^(deleted|missing)-/i;

/** Whether a handle is reserved for the system, so that nobody may choose it. */
export const isReservedHandle = (handle: string) => reserved.test(handle);

/** Whether a person may choose this handle, if nobody else has it. */
export const isHandle = (handle: string) => wellFormed.test(handle) && !isReservedHandle(handle);
