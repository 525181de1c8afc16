import { beforeEach, describe, expect, it, vi } from "vitest";
import { PortalError } from "../../src/api/portal";
import { JoinError } from "../../src/call/joinError";
import { joinWhenBack, rejoin } from "../../src/call/rejoin";

describe("rejoining", () => {
  const delays: number[] = [];
  const delay = async (ms: number) => void delays.push(ms);
  const wanted = () => true;
  beforeEach(() => delays.splice(0));

  it("tries again, less and less often, until the SFU is there", async () => {
    const join = vi.fn<() => Promise<string>>();
    join
      .mockRejectedValueOnce(new PortalError(503, "media_unavailable"))
      .mockRejectedValueOnce(new JoinError("media", undefined));
    join.mockRejectedValueOnce(new PortalError(0, "unreachable")).mockResolvedValueOnce("in");
    expect(await rejoin(join, wanted, delay)).toBe("in");
    expect(delays).toEqual([0, 1000, 2000, 4000]);
  });

  it("ends at a refusal that would be the same again", async () => {
    const join = vi.fn().mockRejectedValue(new PortalError(403, "site_isolated"));
    await expect(rejoin(join, wanted, delay)).rejects.toMatchObject({ code: "site_isolated" });
    expect(join).toHaveBeenCalledTimes(1);
  });

  it("gives up after half a minute, with the last reason", async () => {
    const join = vi.fn().mockRejectedValue(new PortalError(503, "media_unavailable"));
    await expect(rejoin(join, wanted, delay)).rejects.toMatchObject({ code: "media_unavailable" });
    expect(delays.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  it("stops when nobody waits any more", async () => {
    const join = vi.fn().mockResolvedValue("in");
    expect(await rejoin(join, () => false, delay)).toBeUndefined();
    expect(join).not.toHaveBeenCalled();
  });
});

describe("joining while the service is away", () => {
  const delays: number[] = [];
  const delay = async (ms: number) => void delays.push(ms);
  const wanted = () => true;
  beforeEach(() => delays.splice(0));

  it("says what is away and joins when it is back", async () => {
    const join = vi.fn<() => Promise<string>>();
    join.mockRejectedValueOnce(new PortalError(502, "unexpected")).mockResolvedValueOnce("in");
    const told: string[] = [];
    expect(await joinWhenBack(join, wanted, ({ code }) => told.push(code), delay)).toBe("in");
    expect(told).toEqual(["unexpected"]);
    expect(delays).toEqual([0, 1000]);
  });

  it.each([
    new PortalError(403, "pin_wrong"),
    new PortalError(429, "too_many_attempts"),
    new PortalError(500, "internal"),
    new JoinError("media", undefined),
  ])("does not ask again after %s", async (error) => {
    const join = vi.fn().mockRejectedValue(error);
    const told = vi.fn();
    await expect(joinWhenBack(join, wanted, told, delay)).rejects.toBe(error);
    expect(join).toHaveBeenCalledTimes(1);
    expect(told).not.toHaveBeenCalled();
  });

  it("gives up after five minutes, with the last reason, when the service stays away", async () => {
    const join = vi.fn().mockRejectedValue(new PortalError(503, "unavailable"));
    await expect(joinWhenBack(join, wanted, vi.fn(), delay)).rejects.toMatchObject({ code: "unavailable" });
    expect(delays.reduce((sum, ms) => sum + ms, 0)).toBe(300_000);
  });
});
