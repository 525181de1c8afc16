import { cleanup, render, screen } from "@testing-library/react";
import { DisconnectReason, VideoQuality } from "livekit-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PortalError, type Session, type Site } from "../src/api/portal";
import { layer, maySend, camera as sent } from "../src/call/cap";
import { comeBack } from "../src/call/comeBack";
import { endReason } from "../src/call/ending";
import { siteAsTold, toldBy } from "../src/call/told";
import { ModeBanner } from "../src/components/ModeBanner";
import { LanguageProvider } from "../src/i18n";
import { nextLook } from "../src/session";

const site: Site = {
  name: "Site",
  domain: "conf.lab.example",
  contact: "",
  mode: "open",
  mode_since: null,
  mode_until: null,
};
const at = (hour: number, minute: number) => {
  const time = new Date();
  time.setHours(hour, minute, 0, 0);
  return time.toISOString();
};

describe("the banner", () => {
  beforeEach(() => {
    localStorage.setItem("conclave.language", "en");
    vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  });
  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
    vi.useRealTimers();
    localStorage.clear();
  });
  const banner = (shown: Site | undefined) => (
    <LanguageProvider site="en">
      <ModeBanner site={shown} />
    </LanguageProvider>
  );
  const said = () => screen.getByRole("status").textContent;

  it("says nothing while the site is open, and is there to be spoken", () => {
    render(banner(site));
    expect(said()).toBe("");
  });

  it("says since when the site is isolated", () => {
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    expect(said()).toBe("Isolated since 14:02. Nobody outside this site can be reached or listen.");
  });

  it("says it in German", () => {
    localStorage.setItem("conclave.language", "de");
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    expect(said()).toBe(
      "Abgeschottet seit 14:02. Niemand außerhalb dieses Standorts ist erreichbar oder kann mithören.",
    );
  });

  it("says that it is a rehearsal, and when it ends", () => {
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2), mode_until: at(14, 32) }));
    expect(said()).toContain("This is a rehearsal; it ends at 14:32.");
  });

  it("says when nobody knows", () => {
    render(banner({ ...site, mode: "unknown" }));
    expect(said()).toContain("not known");
  });

  it("says for a minute that the site is open again, to those who saw it isolated", () => {
    vi.useFakeTimers();
    const { rerender } = render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    rerender(banner(site));
    expect(said()).toContain("open again");
    vi.advanceTimersByTime(61_000);
    rerender(banner(site));
    expect(said()).toBe("");
  });
});

describe("what a room is told", () => {
  const told = { mode: "isolated", since: "2026-11-22T14:02:00+00:00", until: null } as const;

  it("is a switch of the mode and nothing else", () => {
    expect(toldBy(JSON.stringify(told))).toEqual(told);
    for (const other of ["", undefined, "{", "null", "1", '{"mode":"ajar","since":"2026-11-22T14:02:00Z"}'])
      expect(toldBy(other)).toBeUndefined();
    expect(toldBy('{"mode":"isolated","since":"soon"}')).toBeUndefined();
  });

  it("counts as long as the portal has said nothing newer", () => {
    expect(siteAsTold(site, told).mode).toBe("isolated");
    expect(siteAsTold({ ...site, mode_since: "2026-11-22T13:00:00Z" }, told).mode_since).toBe(told.since);
    expect(siteAsTold({ ...site, mode_since: "2026-11-22T14:03:00Z" }, told).mode).toBe("open");
  });
});

describe("the portal", () => {
  const session = (until: string | null) => ({ site: { ...site, mode_until: until } }) as Session;

  it("is asked for the mode now and then, and when a rehearsal has ended", () => {
    const now = Date.parse("2026-11-22T14:00:00Z");
    expect(nextLook(undefined, now)).toBe(30_000);
    expect(nextLook(session(null), now)).toBe(30_000);
    expect(nextLook(session("2026-11-22T14:00:10Z"), now)).toBe(12_000);
    expect(nextLook(session("2026-11-22T13:00:00Z"), now)).toBe(2000);
  });
});

describe("the end of a stay", () => {
  const calm = { sinceShaken: Number.POSITIVE_INFINITY, cutOff: false };

  it("is told apart by its reason", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, calm)).toBe("removed");
    expect(endReason(DisconnectReason.ROOM_DELETED, calm)).toBe("over");
    expect(endReason(DisconnectReason.DUPLICATE_IDENTITY, calm)).toBe("elsewhere");
    expect(endReason(undefined, calm)).toBe("lost");
    expect(endReason(DisconnectReason.CLIENT_INITIATED, calm)).toBe("lost");
  });

  it("is the isolation of the site for somebody outside who was told so", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...calm, cutOff: true })).toBe("isolated");
    expect(endReason(undefined, { ...calm, cutOff: true })).toBe("isolated");
    expect(endReason(DisconnectReason.ROOM_DELETED, { ...calm, cutOff: true })).toBe("over");
  });

  it("is a loss when the ticket was used again after the connection broke down", () => {
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...calm, sinceShaken: 5000 })).toBe("lost");
    expect(endReason(DisconnectReason.PARTICIPANT_REMOVED, { ...calm, sinceShaken: 120_000 })).toBe("removed");
  });
});

describe("coming back", () => {
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  const always = () => true;
  beforeEach(() => waits.splice(0));

  it("tries again, less and less often, until the SFU is there", async () => {
    const enter = vi.fn<() => Promise<string | undefined>>();
    enter.mockRejectedValueOnce(new PortalError(503, "media_unavailable")).mockResolvedValueOnce(undefined);
    enter.mockRejectedValueOnce(new PortalError(0, "unreachable")).mockResolvedValueOnce("in");
    expect(await comeBack(enter, always, wait)).toBe("in");
    expect(waits).toEqual([0, 1000, 2000, 4000]);
  });

  it("ends at a refusal that would be the same again", async () => {
    const enter = vi.fn().mockRejectedValue(new PortalError(403, "site_isolated"));
    await expect(comeBack(enter, always, wait)).rejects.toMatchObject({ code: "site_isolated" });
    expect(enter).toHaveBeenCalledTimes(1);
  });

  it("gives up after half a minute, with the last reason", async () => {
    const enter = vi.fn().mockRejectedValue(new PortalError(503, "media_unavailable"));
    await expect(comeBack(enter, always, wait)).rejects.toMatchObject({ code: "media_unavailable" });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  it("stops when nobody waits any more", async () => {
    const enter = vi.fn().mockResolvedValue("in");
    expect(await comeBack(enter, () => false, wait)).toBeUndefined();
    expect(enter).not.toHaveBeenCalled();
  });
});

describe("a cap", () => {
  it.each(["full", "360p", "180p"] as const)("has every layer of %s marked alike, the screen's too", (cap) => {
    const { videoEncoding, videoSimulcastLayers = [], screenShareEncoding } = sent(cap).publishDefaults;
    const encodings = [videoEncoding, screenShareEncoding, ...videoSimulcastLayers.map(({ encoding }) => encoding)];
    expect(encodings.map((encoding) => encoding?.priority)).toEqual(encodings.map(() => "high"));
  });

  const camera = { kind: "camera", large: false, shared: false } as const;
  const large = { ...camera, large: true };
  const screenLayer = { kind: "screen", large: true, shared: true } as const;

  it("leaves less to see, step by step", () => {
    const seen = (cap: Parameters<typeof layer>[0]) => [layer(cap, large), layer(cap, camera), layer(cap, screenLayer)];
    const { HIGH, MEDIUM, LOW } = VideoQuality;
    expect(seen("full")).toEqual([HIGH, HIGH, HIGH]);
    expect(seen("360p")).toEqual([MEDIUM, LOW, LOW]);
    expect(seen("180p")).toEqual([LOW, LOW, LOW]);
    expect(seen("audio")).toEqual([undefined, undefined, undefined]);
  });

  it("of 180p shows a shared screen in place of the other pictures", () => {
    expect(layer("180p", { ...camera, shared: true })).toBeUndefined();
    expect(layer("360p", { ...camera, shared: true })).toBe(VideoQuality.LOW);
  });

  it("says what may be sent", () => {
    expect(maySend("full")).toEqual({ camera: true, screen: true });
    expect(maySend("360p")).toEqual({ camera: true, screen: false });
    expect(maySend("audio")).toEqual({ camera: false, screen: false });
  });
});
