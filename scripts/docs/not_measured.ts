/** A part of a page whose record is missing. */
export const NOT_MEASURED = '*Not measured yet.*';
