import { describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "../../../src/api/events";
import { PortalError } from "../../../src/api/portal";
import { followRoom } from "../../../src/call/view/followRoom";

const said = (version: string): ServerEvent => ({ event: "room", data: JSON.stringify({ version }) });

async function* stream(...events: ServerEvent[]) {
  yield* events;
}

async function follow(...streams: (() => AsyncIterable<ServerEvent>)[]) {
  const told = vi.fn();
  const pauses: number[] = [];
  const over = new AbortController();
  await followRoom(
    () => {
      const next = streams.shift();
      if (next) return next();
      over.abort();
      return stream();
    },
    told,
    over.signal,
    async (ms) => void pauses.push(ms),
  );
  return { versions: told.mock.calls.map(([room]) => room.version), pauses, left: streams.length };
}

describe("a meeting that somebody leads", () => {
  it("is followed, over streams that break off", async () => {
    const broken = async function* () {
      yield said("2");
      throw new TypeError("network error");
    };
    const { versions } = await follow(
      () => stream(said("1")),
      broken,
      () => stream(said("3")),
    );
    expect(versions).toEqual(["1", "2", "3"]);
  });

  it("is asked for less and less often while the service is away", async () => {
    const away = () => {
      throw new PortalError(0, "unreachable");
    };
    const { pauses } = await follow(away, away, away, () => stream(said("1")), away);
    expect(pauses.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(pauses[3]).toBe(1000);
  });

  it("is left alone once it is over, or once somebody else leads it", async () => {
    const unused = () => stream(said("9"));
    expect(await follow(() => stream(said("1"), { event: "over", data: "{}" }), unused)).toMatchObject({
      versions: ["1"],
      left: 1,
    });
    const refused = () => {
      throw new PortalError(403, "not_allowed");
    };
    expect(await follow(refused, unused)).toMatchObject({ versions: [], left: 1 });
  });
});
