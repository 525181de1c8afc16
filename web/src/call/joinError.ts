/** Joining failed after the portal had admitted the participant. */
export class JoinError extends Error {
  /** What failed: setting up the encryption in this browser, reaching the SFU, or its word about who this is. */
  readonly step: "encryption" | "media" | "identity";

  constructor(step: JoinError["step"], cause: unknown) {
    super(`joining failed: ${step}`, { cause });
    this.name = "JoinError";
    this.step = step;
  }
}
