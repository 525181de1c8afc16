import { describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "../../../src/api/events";
import { type Place, PortalError } from "../../../src/api/portal";
import { watchPlace } from "../../../src/pages/join/watchPlace";

const place = (state: Place["state"], message = ""): Place => ({
  state,
  number: 1,
  since: "2026-11-30T14:02:00Z",
  message,
  moved_back: false,
  locked: false,
});
const away = new PortalError(503, "unavailable");

async function* stream(...places: Place[]): AsyncGenerator<ServerEvent> {
  for (const one of places) yield { event: "place", data: JSON.stringify(one) };
}

async function* broken(): AsyncGenerator<ServerEvent> {
  yield* stream();
  throw new TypeError("network error");
}

function watch(
  answers: (Place | undefined | PortalError)[],
  streams: (() => AsyncIterable<ServerEvent>)[],
  over = new AbortController(),
) {
  const told = vi.fn();
  const isAway = vi.fn();
  const pauses: number[] = [];
  const done = watchPlace(
    async () => {
      const next = answers.shift();
      if (next instanceof PortalError) throw next;
      return next;
    },
    () => (streams.shift() ?? (() => stream()))(),
    told,
    isAway,
    over.signal,
    async (ms) => void pauses.push(ms),
  );
  return { told, isAway, pauses, done, over };
}

describe("a place before the door", () => {
  it("is followed until somebody opens", async () => {
    const { told, done, pauses } = watch(
      [place("waiting")],
      [() => stream(place("waiting", "Soon."), place("admitted"), place("waiting"))],
    );
    await done;
    expect(told.mock.calls.map(([one]) => [one.state, one.message])).toEqual([
      ["waiting", ""],
      ["waiting", "Soon."],
      ["admitted", ""],
    ]);
    expect(pauses).toEqual([]);
  });

  it("is asked for anew when the stream breaks off: nothing said in between is missed", async () => {
    const { told, isAway, done } = watch([place("waiting"), place("denied", "Sorry.")], [broken]);
    await done;
    expect(told).toHaveBeenLastCalledWith(place("denied", "Sorry."));
    expect(isAway).not.toHaveBeenCalled();
  });

  it("is asked for again and again where no stream gets through", async () => {
    const refused = () => {
      throw new PortalError(502, "unexpected");
    };
    const waiting = Array.from({ length: 5 }, () => place("waiting"));
    const { told, isAway, pauses, done } = watch([...waiting, place("admitted")], Array(9).fill(refused));
    await done;
    expect(told).toHaveBeenCalledTimes(6);
    expect(isAway).not.toHaveBeenCalled();
    // Whoever is silent for half a minute counts as away.
    expect(Math.max(...pauses)).toBeLessThan(30_000);
  });

  it("survives a service that does not answer, and says so", async () => {
    const { told, isAway, done } = watch([away, away, place("admitted")], []);
    await done;
    expect(isAway).toHaveBeenCalledTimes(2);
    expect(told).toHaveBeenCalledExactlyOnceWith(place("admitted"));
  });

  it("that nobody knows any more is not waited for", async () => {
    const { told, done } = watch([undefined], []);
    await done;
    expect(told).toHaveBeenCalledExactlyOnceWith(undefined);
  });

  it("fails when the portal refuses", async () => {
    await expect(watch([new PortalError(403, "site_isolated")], []).done).rejects.toMatchObject({
      code: "site_isolated",
    });
  });

  it("is left alone once nobody waits any more", async () => {
    const over = new AbortController();
    const { told, done } = watch(
      [place("waiting"), place("waiting")],
      [
        async function* () {
          over.abort();
          yield* stream(place("admitted"));
        },
      ],
      over,
    );
    await done;
    expect(told).toHaveBeenCalledTimes(1);
  });
});
