/** Entries of a page, where neither `first` nor `last` says so. */
export const defaultPage = 25;
/** The same for the VMs of a protection group: they mostly are the lowest of several levels, and multiply with each. */
export const defaultGroupPage = 10;
/** A whole protection group fits. */
export const largestPage = 500;
