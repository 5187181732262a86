/** The kinds of values that an import file holds, each with a message for people. */
import { isIP } from "node:net";
import { z } from "zod";
import { prefixOfMask } from "../domain/addresses.ts";
import { meant } from "./problem.ts";

/** An object without any other fields; one that is not known is named, with the one that was meant. */
export const object = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return undefined;
      const known = Object.keys(shape);
      return issue.keys.map((key) => `There is no field ${key} here.${meant(key, known) || ` Fields are ${known.join(", ")}.`}`).join(" ");
    },
  });

/** Trimmed, 1 to 255 characters, no control characters. */
export const name = z
  .string({ error: "A name is a text; put it in quotes if it looks like a number." })
  .min(1, "A name has at least one character.")
  .max(255, "A name has at most 255 characters.")
  .refine((text) => text === text.trim(), "A name neither begins nor ends with a space.")
  .refine((text) => !/\p{Cc}/u.test(text), "A name has no control characters.");

export const text = z.string().max(4096);
export const whole = (min: number, max: number) => z.int(`A whole number from ${min} to ${max} belongs here.`).min(min).max(max);
export const seconds = whole(0, 604_800);

export const ipAddress = z.string().refine((value) => isIP(value) !== 0, "This is not an IP address.");

export const subnetMask = z.string().refine((value) => prefixOfMask(value) !== null, "This is not a subnet mask such as 255.255.255.0.");
/** A program of the scripts folder or of the guest, without its arguments. */
export const command = z
  .string()
  .min(1, "A command is not empty.")
  .max(4096, "A command has at most 4,096 characters.")
  .refine((value) => !value.includes("\0"), "A command has no NUL character.");
export const commandArguments = z
  .array(z.string({ error: "An argument is a text; put numbers in quotes." }).max(4096))
  .max(256)
  .default([]);
export const commandTimeout = whole(1, 86_400).default(300);
