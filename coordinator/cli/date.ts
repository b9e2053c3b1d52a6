import { z } from "zod";
import { UserError } from "../../shared/errors.js";

/** Throws UserError (exit code 2) unless the value of an option is a day, `YYYY-MM-DD`, or not given. */
export function checkDate(option: string, value: string | undefined): void {
  if (value === undefined || z.iso.date().safeParse(value).success) return;
  throw new UserError(`${option} ${JSON.stringify(value)} is no date`, {
    remedy: "write it as 2026-03-01",
    exitCode: 2,
  });
}
