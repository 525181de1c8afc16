import { describe, expect, it } from "vitest";
import { type ServerEvent, serverEvents } from "../../src/api/events";

/** A body that arrives in these pieces. */
const body = (...pieces: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });

async function read(...pieces: string[]): Promise<ServerEvent[]> {
  const found: ServerEvent[] = [];
  for await (const event of serverEvents(body(...pieces))) found.push(event);
  return found;
}

describe("a stream of server-sent events", () => {
  it("is read event by event, wherever it is cut", async () => {
    const text = 'event: place\ndata: {"state":"waiting"}\n\nevent: place\ndata: {"state":"admitted"}\n\n';
    const expected = [
      { event: "place", data: '{"state":"waiting"}' },
      { event: "place", data: '{"state":"admitted"}' },
    ];
    expect(await read(text)).toEqual(expected);
    for (let at = 1; at < text.length; at += 1) expect(await read(text.slice(0, at), text.slice(at))).toEqual(expected);
    expect(await read(...text)).toEqual(expected);
  });

  it("passes over the comments that keep it open", async () => {
    expect(await read(":\n\n", ": still here\n\n", "data: x\n\n")).toEqual([{ event: "message", data: "x" }]);
  });

  it("takes both kinds of line ends, and several lines of data", async () => {
    expect(await read("event: room\r", "\ndata: a\r\ndata:b\r\n\r\n")).toEqual([{ event: "room", data: "a\nb" }]);
  });

  it("drops what is cut off by the end", async () => {
    expect(await read('event: place\ndata: {"sta')).toEqual([]);
  });
});
