import type { Expected, Waiter } from "../api/portal";

/** Who is expected at a meeting, personal links, repetitions and new links. */
export const peopleEn = {
  title: "Expected people",
  hint: "In the lobby you see who is expected. Whoever signs in with the mail address is recognised.",
  nobody: "Nobody is named yet.",
  name: "Name",
  nameMissing: "Enter a name.",
  mail: "Mail (optional)",
  mailWrong: "This is not a mail address.",
  mailNeeded: "A co-organiser is recognised by the mail address of an account.",
  role: "Role",
  roles: { guest: "Guest", speaker: "Speaker", co_organiser: "Co-organiser" } satisfies Record<
    Expected["role"],
    string
  >,
  add: "Add person",
  take: (name: string) => `Take ${name} off the list`,
  full: "There are already 200 people on the list.",
  account: "has an account here",
  where: {
    absent: "not there",
    used: "personal link used, not there",
    waiting: "waiting",
    inside: "in the meeting",
  } satisfies Record<Expected["where"], string>,
  linkUnused: "personal link not used yet",
  linkNone: "no personal link",
  makeLink: "Copy personal link",
  makeLinkFor: (name: string) => `Copy personal link for ${name}`,
  replaceLink: "New personal link",
  replaceLinkFor: (name: string) => `New personal link for ${name}`,
  revoke: "Revoke link",
  revokeFor: (name: string) => `Revoke link of ${name}`,
  linkCopied: (name: string) =>
    `The personal link of ${name} is copied. It works on one device and without a PIN. It cannot be shown again; a new one makes it invalid.`,
  linkShown: (name: string) =>
    `This is the personal link of ${name}. Copy it now: it cannot be shown again. It works on one device and without a PIN.`,
  linkOf: (name: string) => `Personal link of ${name}`,
  revoked: (name: string) => `The personal link of ${name} no longer works.`,
  noKey: "Personal links contain the key, which is not on this device.",
  floorWaits: "Wait for everybody who is expected",
  floorWaitsHint: "Until all of them are there, or you open the floor, only organisers can speak.",
  floorWaitsFor: (names: string) => `Opens by itself when these people are there: ${names}`,
  expected: {
    account: "expected",
    link: "expected, personal link",
    name: "name is on the list, not verified",
  } satisfies Record<NonNullable<Waiter["expected"]>, string>,
  admitExpected: (n: number) => `Let in all expected (${n})`,
  yourLink: "You have a personal link. The organiser knows whose it is, so you need neither name nor PIN.",
  personalOnly: "Guests enter this meeting by a personal link only. Open yours, or sign in.",
  copyInvitation: "Copy invitation",
  invitationCopied: "Invitation copied",
  invitationHint: "Title, time and link for one message. The PIN is not part of it.",
  invitation: (title: string, when: string, link: string, pin: boolean) =>
    [
      `You are invited to “${title}”.`,
      `When: ${when}`,
      `Link: ${link}`,
      "The link contains the key of the meeting. Do not pass it on.",
      ...(pin ? ["Without an account you also need a PIN. You receive it by another route."] : []),
    ].join("\n"),
  newLink: "Make a new link",
  newLinkTitle: "Make a new link for this meeting?",
  newLinkText:
    "This browser makes a new key. Whoever has the old link is told that it is out of date, and needs the new one from you. Personal links have to be made anew.",
  newLinkPresent: (n: number) =>
    n === 1
      ? "1 person is in the meeting now and will be disconnected."
      : `${n} people are in the meeting now and will be disconnected.`,
  newLinkHere: "If you no longer have the browser in which you planned it, make a new link here.",
  oldKeyTitle: "There is a newer link",
  oldKeyMine:
    "You made a new link in another browser. The one on this device is out of date. Open the meeting in that browser, open the new link here, or make another one.",
  oldKeyOther: "The organiser made a new link. Ask for it, and open it here.",
  linkReplaces:
    "The link you opened is counted as newer than the one that was made in this browser, and its key is used. Whoever knows the meeting can send such a link. If you did not make a new link yourself, do not pass this one on and make a new link on the meeting’s page.",
  repeat: "Repeat",
  repeats: {
    never: "Does not repeat",
    daily: "Every day",
    weekly: "Every week",
    fortnightly: "Every two weeks",
    monthly: "Every month",
  },
  until: "Last day",
  untilMissing: "Enter the full date.",
  repetitions: (n: number) => `${n} meetings, each with a link and a PIN of its own.`,
  repetitionsMost: (n: number) => `Only the first ${n} are planned.`,
  repetitionsNone: "It does not repeat before that day.",
  following: "Also change the repetitions after this one",
  followingHint: "Title, duration and level become the same, times move by as much.",
  removeFollowing: "Also delete the repetitions after this one",
  ofSeries: "Part of a series",
};

/** Why a link leads nowhere. */
export const linkErrorsEn = {
  linkVoid: {
    title: "This personal link does not work",
    text: "It was revoked or replaced by another one, or the meeting is over.",
    todo: "Look for a newer invitation, or ask the organiser for a new link.",
  },
  linkUsed: {
    title: "This personal link is in use on another device",
    text: "A personal link works on the first device, and in the first browser, in which it was opened.",
    todo: "Open it there. If that is not possible, or it was not you, tell the organiser, who can make a new link for you.",
  },
  linkRenewed: {
    title: "There is a newer link to this meeting",
    text: "The organiser has made a new link. With this one, you could not see or hear anyone.",
    todo: "Look for a newer invitation, or ask the organiser for the new link.",
  },
};
