/** Why somebody is not let in: `what is wrong; what to do`, for both sides. */
export class IdentityRefused extends Error {
  override readonly name = "IdentityRefused";
  /** `invalid`: the request itself; `denied`: who asks. */
  readonly kind: "invalid" | "denied";

  constructor(kind: IdentityRefused["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
