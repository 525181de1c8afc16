import { beforeEach, describe, expect, it, vi } from "vitest";
import { cleanName } from "../../../src/call/data/fileName";
import type { MeetingData } from "../../../src/call/data/MeetingData";
import { PIECE_BYTES } from "../../../src/call/data/pieces";
import type { Sink } from "../../../src/call/data/sink";
import { newMeetingKey } from "../../../src/e2ee/meetingKey";
import { Meeting, soon } from "./standIns";

const saved: Uint8Array[] = [];
let closed = 0;
let aborted = 0;
const sink: Sink = {
  write: async (piece) => void saved.push(piece),
  close: async () => {
    closed += 1;
  },
  abort: async () => {
    aborted += 1;
  },
};
vi.mock("../../../src/call/data/sink", () => ({ openSink: async () => sink }));

const content = Uint8Array.from({ length: 2 * PIECE_BYTES + 12_345 }, (_, index) => (index * 7) % 251);
const file = new File([content], "report.pdf", { type: "application/pdf" });

let meeting: Meeting;
let anna: MeetingData;
let bob: MeetingData;

const offered = () => bob.state().files[0];

async function accepted() {
  await anna.files.offer(file);
  await soon(() => expect(offered()?.state).toBe("offered"));
  void bob.files.accept(offered()?.offer.id as string);
}

beforeEach(async () => {
  saved.length = 0;
  closed = aborted = 0;
  meeting = new Meeting(newMeetingKey());
  anna = await meeting.join("p-anna");
  bob = await meeting.join("p-bob");
});

describe("a file", () => {
  it("is sent to whoever takes it and nobody else, and arrives whole", async () => {
    await meeting.join("p-carol");
    await accepted();
    await soon(() => expect(offered()?.state).toBe("done"));
    expect(Buffer.concat(saved).equals(Buffer.from(content))).toBe(true);
    expect([closed, aborted]).toEqual([1, 0]);
    expect(meeting.carried.filter(({ to }) => to.includes("p-carol"))).toHaveLength(1);
  });

  it("goes on where it stopped when its sender comes back over another connection", async () => {
    const deliver = meeting.deliver.bind(meeting);
    let parts = 0;
    vi.spyOn(meeting, "deliver").mockImplementation((from, to, bytes) => {
      if (to === "p-bob") parts += 1;
      // The network is gone in the middle of the second piece.
      if (to !== "p-bob" || from !== "p-anna" || parts < 100) deliver(from, to, bytes);
    });
    await accepted();
    await soon(() => expect(parts).toBeGreaterThan(110));
    await soon(() => expect(saved).toHaveLength(1));
    meeting.leave("p-anna");
    await soon(() => expect(offered()?.state).toBe("waiting"));
    const before = meeting.carried.length;
    await meeting.join("p-anna2", { data: anna });
    await soon(() => expect(offered()?.state).toBe("done"));
    expect(Buffer.concat(saved).equals(Buffer.from(content))).toBe(true);
    expect(meeting.carried.length - before).toBeLessThan(140);
  });

  it("goes on where it stopped when its receiver comes back", async () => {
    const deliver = meeting.deliver.bind(meeting);
    let parts = 0;
    vi.spyOn(meeting, "deliver").mockImplementation((from, to, bytes) => {
      if (to === "p-bob") parts += 1;
      if (to !== "p-bob" || parts < 100) deliver(from, to, bytes);
    });
    await accepted();
    await soon(() => expect(parts).toBeGreaterThan(110));
    await soon(() => expect(saved).toHaveLength(1));
    meeting.leave("p-bob");
    const before = meeting.carried.length;
    await meeting.join("p-bob2", { data: bob });
    await soon(() => expect(offered()?.state).toBe("done"));
    expect(Buffer.concat(saved).equals(Buffer.from(content))).toBe(true);
    expect(meeting.carried.length - before).toBeLessThan(140);
  });

  it("that is another one than was offered is not saved", async () => {
    await anna.files.offer(file);
    await soon(() => expect(offered()?.state).toBe("offered"));
    vi.spyOn(File.prototype, "slice").mockImplementation((from = 0, to = 0) => new Blob([new Uint8Array(to - from)]));
    void bob.files.accept(offered()?.offer.id as string);
    await soon(() => expect(offered()?.state).toBe("damaged"));
    expect([closed, aborted]).toEqual([0, 1]);
    vi.restoreAllMocks();
  });

  it("that is withdrawn or not taken any more is not sent on", async () => {
    await accepted();
    await soon(() => expect(offered()?.state).toBe("receiving"));
    bob.files.cancel(offered()?.offer.id as string);
    expect([offered()?.state, aborted]).toEqual(["offered", 1]);
    anna.files.withdraw(offered()?.offer.id as string);
    await soon(() => expect(offered()?.state).toBe("withdrawn"));
  });

  it("is neither offered nor shown where the level allows none, nor when it is too large", async () => {
    bob.files.allowed = false;
    await anna.files.offer(file);
    await expect(bob.files.offer(file)).rejects.toThrow("no file can be offered now");
    expect(bob.state().files).toEqual([]);
    await expect(anna.files.offer(new File([], "empty"))).rejects.toThrow(RangeError);
  });
});

describe("the name of a file", () => {
  it.each([
    ["../../etc/passwd", "_.._etc_passwd"],
    ["a\u202egpj.exe", "a_gpj.exe"],
    ["con.txt", "_con.txt"],
    [" . ", "file"],
    ["Übersicht 2.pdf", "Übersicht 2.pdf"],
    [`${"x".repeat(300)}.pdf`, `${"x".repeat(116)}.pdf`],
  ])("%j is saved as %j", (name, saves) => expect(cleanName(name)).toBe(saves));
});
