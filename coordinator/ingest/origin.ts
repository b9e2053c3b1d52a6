import { DecodeError } from "../../shared/errors.js";

/** Who made a batch, from the subject that it was published on. */
export interface Origin {
  readonly campaign: string;
  readonly vantage: string;
  readonly agent: string;
}

/** Throws DecodeError. */
export function originOf(subject: string): Origin {
  const [, , campaign, vantage, agent, ...rest] = subject.split(".");
  if (campaign === undefined || vantage === undefined || agent === undefined || rest.length > 0) {
    throw new DecodeError(`the subject ${subject} names no campaign, vantage point and agent`);
  }
  return { campaign, vantage, agent };
}

/** Where notices for an agent go. */
export function noticeSubject(agent: string): string {
  return `parallax.committed.${agent}`;
}
