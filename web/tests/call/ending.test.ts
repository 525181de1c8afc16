import { DisconnectReason } from "livekit-client";
import { describe, expect, it } from "vitest";
import { endReason } from "../../src/call/ending";

describe("the end of a call", () => {
  const undisturbed = { sinceInterruption: Number.POSITIVE_INFINITY, isolated: false };

  it("is distinguished by its reason", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, undisturbed)).toBe("removed");
    expect(endReason(DisconnectReason.ROOM_DELETED, undisturbed)).toBe("over");
    expect(endReason(DisconnectReason.DUPLICATE_IDENTITY, undisturbed)).toBe("elsewhere");
    expect(endReason(undefined, undisturbed)).toBe("lost");
    expect(endReason(DisconnectReason.CLIENT_INITIATED, undisturbed)).toBe("lost");
  });

  it("is the isolation of the site for somebody outside to whom it was announced", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...undisturbed, isolated: true })).toBe("isolated");
    expect(endReason(undefined, { ...undisturbed, isolated: true })).toBe("isolated");
    expect(endReason(DisconnectReason.ROOM_DELETED, { ...undisturbed, isolated: true })).toBe("over");
  });

  it("is a loss when the token was used again after an interruption", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...undisturbed, sinceInterruption: 5000 })).toBe("lost");
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...undisturbed, sinceInterruption: 120_000 })).toBe(
      "removed",
    );
  });
});
