import { beforeEach, describe, expect, it } from "vitest";
import type { MeetingData } from "../../../src/call/data/MeetingData";
import { MAX_TEXT, newId } from "../../../src/call/data/message";
import { Seal } from "../../../src/call/data/seal";
import { type MeetingKey, newMeetingKey } from "../../../src/e2ee/meetingKey";
import { Meeting, soon } from "./standIns";

let key: MeetingKey;
let meeting: Meeting;
let anna: MeetingData;
let bob: MeetingData;

const texts = (data: MeetingData) => data.state().messages.map(({ text }) => text);
const chat = (text: string, n: number) => ({ kind: "chat", id: newId(), text, n });

beforeEach(async () => {
  key = newMeetingKey();
  meeting = new Meeting(key);
  anna = await meeting.join("p-anna", { role: "organiser" });
  bob = await meeting.join("p-bob");
});

describe("what members tell each other", () => {
  it("arrives in order, from whom the meeting knows", async () => {
    await Promise.all(["one", "two", "three"].map((text) => anna.chat.say(text)));
    await soon(() => expect(texts(bob)).toEqual(["one", "two", "three"]));
    expect(bob.state().messages[0]?.from).toMatchObject({ identity: "p-anna", name: "anna", self: false });
    expect(bob.state().unread).toBe(3);
    bob.chat.look(true);
    expect(bob.state().unread).toBe(0);
  });

  it("is nothing that the server can read, make, give to another or play again", async () => {
    const carol = await meeting.join("p-carol");
    await anna.chat.say("confidential");
    await soon(() => expect(texts(bob)).toEqual(["confidential"]));
    const { bytes } = meeting.carried[0] as { bytes: Uint8Array };
    expect(new TextDecoder("latin1").decode(bytes)).not.toContain("confidential");
    const other = await Seal.of(newMeetingKey());
    meeting.deliver("p-anna", "p-bob", bytes);
    meeting.deliver("p-carol", "p-bob", bytes);
    meeting.deliver("p-anna", "p-bob", new TextEncoder().encode(JSON.stringify(chat("in clear", 7))));
    meeting.deliver("p-anna", "p-bob", await other.seal("p-anna", chat("another key", 8)));
    meeting.deliver("p-nobody", "p-bob", bytes);
    meeting.deliver("p-anna", "p-bob", bytes, "lk.chat");
    await soon(() => expect(bob.ignored).toBe(6));
    expect(texts(bob)).toEqual(["confidential"]);
    expect(texts(carol)).toEqual(["confidential"]);
  });

  it("is dropped and counted when it is not as it should be, or comes too often", async () => {
    const seal = await Seal.of(key);
    const wrong = [
      chat("x".repeat(MAX_TEXT + 1), 0),
      chat(" ", 1),
      { ...chat("id", 2), id: "<b>" },
      { kind: "exec", n: 3 },
      4,
    ];
    for (const json of wrong) meeting.deliver("p-anna", "p-bob", await seal.seal("p-anna", json));
    await soon(() => expect(bob.ignored).toBe(wrong.length));
    for (let n = 10; n < 40; n += 1) meeting.deliver("p-anna", "p-bob", await seal.seal("p-anna", chat(`${n}`, n)));
    await soon(() => expect(bob.ignored + texts(bob).length).toBe(wrong.length + 30));
    expect(texts(bob)).toHaveLength(20);
  });

  it("is not sent by whom the server takes nothing from, and nothing from before is seen by newcomers", async () => {
    await anna.chat.say("before");
    const mute = await meeting.join("p-mute", { write: false });
    expect(mute.state().mayWrite).toBe(false);
    await expect(mute.chat.say("hello")).rejects.toThrow("nothing can be sent now");
    expect(texts(mute)).toEqual([]);
  });

  it("shows a line as it is written and corrected, until it is a message", async () => {
    anna.chat.write("Hell");
    await soon(() => expect(bob.state().lines.map(({ text }) => text)).toEqual(["Hell"]));
    anna.chat.write("Hello");
    anna.chat.write("Help");
    await soon(() => expect(bob.state().lines.map(({ text }) => text)).toEqual(["Help"]));
    await anna.chat.say("Help");
    await soon(() => expect(texts(bob)).toEqual(["Help"]));
    expect(bob.state().lines).toEqual([]);
    bob.chat.write("unfinished");
    await soon(() => expect(anna.state().lines).toHaveLength(1));
    meeting.leave("p-bob");
    await soon(() => expect(anna.state().lines).toEqual([]));
  });

  it("survives a lost connection of one's own", async () => {
    await anna.chat.say("before");
    await soon(() => expect(texts(bob)).toEqual(["before"]));
    meeting.leave("p-bob");
    await meeting.join("p-bob2", { data: bob });
    await anna.chat.say("after");
    await soon(() => expect(texts(bob)).toEqual(["before", "after"]));
    await bob.chat.say("back");
    await soon(() => expect(texts(anna)).toEqual(["before", "after", "back"]));
  });
});

describe("a vote", () => {
  it("is asked by those who lead, counts each person once, and closes", async () => {
    await bob.polls.ask("Mine?", ["Yes", "No"]);
    await anna.polls.ask("Lunch?", ["Yes", "No"]);
    await soon(() => expect(bob.state().polls.at(-1)?.question).toBe("Lunch?"));
    expect(anna.state().polls).toHaveLength(1);
    const id = anna.state().polls[0]?.id as string;
    expect(bob.state().unvoted).toBe(2);
    await bob.polls.vote(id, 0);
    await bob.polls.vote(id, 1);
    await anna.polls.vote(id, 1);
    await soon(() =>
      expect([...(anna.state().polls[0]?.votes.values() ?? [])].map((one) => one.option)).toEqual([1, 1]),
    );
    // Whoever comes later gets question and votes, in whatever order.
    const carol = await meeting.join("p-carol");
    await soon(() => expect(carol.state().polls[0]?.votes.size).toBe(2));
    await anna.polls.close(anna.state().polls[0] as never);
    await soon(() => expect(bob.state().polls.find((poll) => poll.id === id)?.closed).toBe(true));
    await bob.polls.vote(id, 0);
    expect(anna.state().polls[0]?.votes.get("p-bob")?.option).toBe(1);
    const dora = await meeting.join("p-dora");
    await anna.chat.say("to all");
    await soon(() => expect(texts(dora)).toEqual(["to all"]));
    expect(dora.state().polls).toEqual([]);
  });

  it("counts nobody twice who loses the connection, and hears what was closed meanwhile", async () => {
    await anna.polls.ask("Lunch?", ["Yes", "No"]);
    await anna.polls.ask("Break?", ["Yes", "No"]);
    await soon(() => expect(bob.state().polls).toHaveLength(2));
    const [lunch, later] = anna.state().polls;
    await bob.polls.vote(lunch?.id as string, 1);
    meeting.leave("p-bob");
    await anna.polls.close(later as never);
    await meeting.join("p-bob2", { data: bob });
    await soon(() => expect(bob.state().polls.map(({ closed }) => closed)).toEqual([false, true]));
    await soon(() => expect([...(anna.state().polls[0]?.votes.keys() ?? [])]).toEqual(["p-bob2"]));
    expect([...(bob.state().polls[0]?.votes.keys() ?? [])]).toEqual(["p-bob2"]);
  });
});
