import { UserError } from "../../shared/errors.js";

/** Throws UserError with exit code 2 unless `value` is a whole number from `least` to `most`. */
export function checkNumber(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UserError(`${option} is not a whole number from ${least} to ${most}`, {
    remedy: `write one, as in ${option} ${least}`,
    exitCode: 2,
  });
}
