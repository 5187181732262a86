/** Entries of a page, where neither `first` nor `last` says so. */
export const defaultPage = 25;
/** A whole protection group fits. */
export const largestPage = 500;
