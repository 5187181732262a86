/** What an administrator notes of a site beside its provider, under the reference's names. */
import { checkText, type FieldErrors } from "../field-errors.ts";

export const vendorFields = ["vcenterServer", "vcenterVersion", "srmServer", "srmVersion", "datacenter"] as const;

export type VendorFields = { readonly [Field in (typeof vendorFields)[number]]?: string | null | undefined };

export function checkVendorFields(errors: FieldErrors, given: VendorFields): void {
  for (const field of vendorFields) {
    checkText(errors, [field], given[field], 255);
    if (given[field]?.trim() === "") errors.add([field], "It has at least one character; null where there is none.");
  }
}
