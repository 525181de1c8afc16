import type { PortalError, RefusedField } from "../api/portal";
import type { EndReason } from "../call/model";
import type { ErrorReason } from "../pages/ErrorPage";
import { chatEn } from "./chat.en";
import { checkEn } from "./check.en";
import { floorEn } from "./floor.en";
import { leadEn, levelEn, lobbyEn } from "./lead.en";
import { mediaEn } from "./media.en";
import { linkErrorsEn, peopleEn } from "./people.en";

/** A sentence, or one that says how long to wait where the portal has said it. */
type Sentence = string | ((wait: string | undefined) => string);
interface Message {
  title: string;
  text: string;
}
interface ErrorMessage extends Message {
  todo?: string;
}

const errorPage: Record<ErrorReason, ErrorMessage> = {
  unsupportedBrowser: {
    title: "This browser cannot encrypt calls",
    text: "Meetings here are end-to-end encrypted. This browser does not support what that requires.",
    todo: "Use a current version of Firefox, Chrome or Edge.",
  },
  insecureContext: {
    title: "The connection to this service is not trusted",
    text: "Your browser does not trust this service’s certificate, so camera, microphone and encryption are disabled.",
    todo: "Use a device managed by your organisation, or ask your IT support for the certificate.",
  },
  keyMissing: {
    title: "This link does not contain a key",
    text: "The key is the last part of the link, after the # sign. Without it, you cannot see or hear anyone.",
    todo: "Copy the whole link from your invitation and open it again. Links are sometimes cut off at a line break.",
  },
  keyDamaged: {
    title: "The key in this link is damaged",
    text: "The part after the # sign is incomplete or has been altered.",
    todo: "Copy the whole link from your invitation and open it again. Links are sometimes cut off at a line break.",
  },
  linkDamaged: {
    title: "This link is damaged",
    text: "The part that names the meeting is incomplete or has been altered.",
    todo: "Copy the whole link from your invitation and open it again. Links are sometimes cut off at a line break.",
  },
  ...linkErrorsEn,
  mediaBlocked: {
    title: "The media server cannot be reached",
    text: "You were admitted, but your network does not let video and audio through.",
    todo: "Try another network, for example a mobile hotspot, and turn off any VPN. Your network team can find the required ports in this site’s port matrix.",
  },
  mediaMistrusted: {
    title: "The media server is not behaving as it should",
    text: "It took you for somebody other than the person this service admitted. Nothing was sent.",
    todo: "Report this to your IT support before you try again.",
  },
  notOpen: {
    title: "This meeting is not open",
    text: "It may be over or not have started yet, or there may be a mistake in the link.",
    todo: "Check the date and time in your invitation, or ask the organiser.",
  },
  uplinkFull: {
    title: "No more people can join from outside",
    text: "The site’s connection to the outside has no capacity left, not even for audio. One more participant would disrupt the others.",
    todo: "Try again when somebody has left, join from the site’s own network, or ask the organiser.",
  },
  isolated: {
    title: "This site is isolated",
    text: "Nobody can join from outside for now. Your organiser is aware of this.",
    todo: "Wait to hear from your organiser. From the site’s own network you can join as usual.",
  },
  modeUnknown: {
    title: "It is not known whether this site is isolated",
    text: "Until it is, nobody can join from outside.",
    todo: "Try again in a moment. If nothing changes, tell your organiser.",
  },
  notFound: {
    title: "This page does not exist",
    text: "There may be a mistake in the address, or the content has been deleted.",
  },
  crashed: {
    title: "Something went wrong on this page",
    text: "Reload the page. If it happens again, contact your IT support.",
  },
  unreachable: {
    title: "The service is not responding",
    text: "Check your network connection and try again.",
  },
};

/** English texts. The German catalogue has the same shape; the compiler says what is missing. */
export const en = {
  languageName: "English",
  app: {
    name: "Conclave",
    skip: "Skip to main content",
    myMeetings: "My meetings",
    plan: "Plan a meeting",
    signIn: "Sign in",
    signOut: "Sign out",
    changePassword: "Change password",
    addAuthenticator: "Set up another authenticator app",
    account: (name: string) => `Account: ${name}`,
    display: "language and appearance",
    language: "Language",
    theme: "Appearance",
    themeSystem: "Same as device",
    themeLight: "Light",
    themeDark: "Dark",
    help: (contact: string) => `Help: ${contact}`,
    loading: "Loading",
    close: "Close",
    cancel: "Cancel",
    retry: "Try again",
  },
  mode: {
    isolated: (time: string | undefined) => (time ? `Isolated since ${time}.` : "Isolated."),
    isolatedText: "Nobody outside this site can be reached or can listen in.",
    rehearsal: (time: string) => `This is a rehearsal. It ends at ${time}.`,
    unknown: "It is not known whether this site is isolated.",
    unknownText: "Nobody can join from outside.",
    reopened: "This site is open again.",
    reopenedText: "People outside can be reached and can join.",
  },
  errorTitle: "That did not work",
  /** What to tell people when the portal refuses, by its code. */
  errors: {
    unreachable: "The service is not responding. Check your network connection and try again.",
    unexpected: "Something went wrong. Try again. If it happens again, contact your IT support.",
    internal: "Something went wrong. The error has been logged. If it happens again, contact your IT support.",
    unavailable: "The service is temporarily unavailable. Try again in a moment.",
    media_unavailable: "The media server is temporarily unavailable. Try again in a moment.",
    identity_unavailable: "The sign-in service is temporarily unavailable. Try again in a moment.",
    bad_request: "The request was incomplete or malformed. Reload the page and try again.",
    csrf: "This page is out of date. Reload it and try again.",
    invalid: "Some of what you entered was not accepted.",
    sign_in_required: "Your session has ended. Sign in again.",
    sign_in_failed: "Sign-in failed. Start again; the sign-in page may have been open for too long.",
    second_factor_missing: "You need your second factor to sign in. Sign in again and use it.",
    not_allowed: "Only the person who planned the meeting can do this.",
    planning_not_allowed: "Your account is not allowed to plan meetings. Ask your IT support for permission.",
    joining_not_allowed:
      "Your account is not allowed to join without a PIN. Sign out and join as a guest, or ask your IT support for permission.",
    people_only: "Service accounts cannot do this. They join meetings as guests.",
    not_found: "There is nothing at this address.",
    meeting_not_found: "This meeting does not exist, or has been deleted.",
    meeting_over: "This meeting is over.",
    meeting_full: "The site has no bandwidth left for more people from outside.",
    site_isolated: "This site is isolated. Nobody can join from outside.",
    mode_unknown: "It is not known whether this site is isolated. Until it is, nobody can join from outside.",
    name_and_pin_required: "Enter your name and the PIN, or sign in.",
    pin_wrong: "The link or the PIN is wrong. Check both and try again.",
    too_many_attempts: (wait: string | undefined) =>
      wait ? `Too many attempts. Try again in ${wait}.` : "Too many attempts. Try again later.",
    guests_not_allowed: "Only people with an account may take part in this meeting. Sign in.",
    outside_not_allowed: "This meeting can be joined from the site’s own network only.",
    level_not_available: "This release cannot keep what this security level demands.",
    level_looser: "A planned meeting’s security level can only be raised.",
    meeting_running: "Somebody is in the meeting. Its security level can be changed when nobody is.",
    person_not_found: "This person is not there any more.",
    account_required: "Only people with an account can become co-organisers.",
    meeting_too_long: "A meeting lasts a day at most.",
    place_unknown: "You were away too long and have lost your place in the lobby. Ask again.",
    waiting: "You have just been moved to the lobby. Try again.",
    link_void: "This personal link does not work any more.",
    link_used: "This personal link is in use on another device.",
    personal_link_required: "Guests enter this meeting by a personal link only. Open yours, or sign in.",
    too_many_expected: "There are already 200 people on the list.",
    denied: "The organiser did not let you in.",
    removed: "The organiser removed you.",
    signature_wrong: "The signature of the message is not valid.",
  } satisfies Record<PortalError["code"], Sentence>,
  /** What is wrong with a field that the portal refuses, by its code. */
  fieldErrors: {
    required: "Fill in this field.",
    too_short: (limit: string) => `This is too short.${limit && ` At least ${limit} characters are required.`}`,
    too_long: (limit: string) => `This is too long.${limit && ` At most ${limit} characters are allowed.`}`,
    out_of_range: (limit: string) => `This is outside the permitted range.${limit && ` The limit is ${limit}.`}`,
    characters: "Remove invisible characters and line breaks.",
    malformed: "This is not in the expected format.",
    unknown: "This field is not supported.",
  } satisfies Record<RefusedField["code"], string | ((limit: string) => string)>,
  seconds: (n: number) => (n === 1 ? "1 second" : `${n} seconds`),
  minutes: (n: number) => (n === 1 ? "1 minute" : `${n} minutes`),
  signIn: {
    title: "Confidential meetings on your own servers",
    lead: "Sign in to plan a meeting or to see your meetings.",
    action: "Sign in",
    second: "You need your password and your second factor.",
    isolated: "This site is isolated from the outside. Accounts of this site still work.",
    endedTitle: "Your session has ended",
    ended: "Sign in again to continue. What you typed in a form is kept in this tab.",
    failedTitle: "You are not signed in",
    guestTitle: "Invited as a guest?",
    guest: "You do not need an account. Open the link in your invitation and have the PIN ready.",
  },
  meetings: {
    title: "My meetings",
    changed: {
      password: "Your password has been changed. Use the new one from now on.",
      authenticator:
        "The new authenticator app is set up. Your earlier one still works; if it is lost, ask your help desk to reset your account.",
    },
    today: "Today",
    later: "Later",
    earlier: "Earlier",
    emptyTitle: "No meetings yet",
    empty:
      "Plan a meeting and send the link to the participants. Send the PIN for guests separately, for example by phone.",
    emptyInvited: "Open the link in your invitation. Meetings you have joined appear here.",
    open: "Open",
    join: "Join",
    openNamed: (title: string) => `Open “${title}”`,
    joinNamed: (title: string) => `Join “${title}”`,
    by: (name: string) => `Organised by ${name}`,
    mine: "Organised by you",
    present: (n: number) => (n === 1 ? "1 person in the meeting" : `${n} people in the meeting`),
    minutes: (n: number) => `${n} min`,
    noKey: "Key not on this device",
    waiting: (n: number) => (n === 1 ? "1 person is waiting" : `${n} people are waiting`),
    startNow: "Start now",
    starting: "Starting",
    /** Title of a meeting that nobody planned. */
    unplanned: "Meeting",
    startedCopied: "The link is copied. Send it to the participants; the PIN for guests is on the meeting’s page.",
    startedNotCopied: "The link could not be copied. You find it, and the PIN for guests, on the meeting’s page.",
    startedPage: "Open the meeting’s page",
  },
  plan: {
    title: "Plan a meeting",
    what: "Title",
    whatHint: "Visible to signed-in participants, not to guests.",
    whatMissing: "Enter a title.",
    whenMissing: "Enter the full date and time.",
    whenPast: "This time has passed. Choose a later time.",
    day: "Date",
    time: "Time",
    zone: (name: string) => `Times are in your time zone: ${name}.`,
    length: "Duration",
    lengthMinutes: (n: number) =>
      n < 60
        ? `${n} minutes`
        : n % 60 === 0
          ? n === 60
            ? "1 hour"
            : `${n / 60} hours`
          : `${Math.floor(n / 60)} h ${n % 60} min`,
    protection: "How the meeting is protected",
    protectionEncrypted: "Video and audio are end-to-end encrypted. This service cannot see or hear them.",
    protectionKey:
      "The key is created in your browser and is only ever part of the link. Send the link only to people who should take part.",
    protectionGuests: "What guests need, and whether they wait to be let in, depends on the security level.",
    action: "Plan meeting",
    saving: "Planning meeting",
    change: "Change meeting",
    changeAction: "Save",
    changing: "Saving",
  },
  meeting: {
    title: "Meeting",
    start: "Start",
    join: "Join",
    inviteTitle: "Invite people",
    link: "Link",
    linkHint: "The link contains the key. Send it only to people who should take part.",
    copy: "Copy link",
    copied: "Link copied",
    copyFailed: "The browser does not allow copying here. Select the link and copy it yourself.",
    foreignKey:
      "A link to this meeting with a different key was opened in this tab. The link below contains your own key.",
    pin: "PIN for guests",
    pinHint: "Do not send it together with the link. Pass it on separately, for example by phone.",
    pinShow: "Show PIN",
    pinHide: "Hide PIN",
    pinHidden: "PIN hidden",
    pinHides: (s: number) => (s === 1 ? "Hides in 1 second" : `Hides in ${s} seconds`),
    pinSpoken: (digits: string) => `PIN ${digits}`,
    when: "When",
    organiser: "Organiser",
    people: "People",
    nobody: "Nobody has joined yet",
    encrypted: "End-to-end encrypted",
    change: "Change",
    locked: "Locked: newcomers wait",
    remove: "Delete meeting",
    removeTitle: "Delete this meeting?",
    removeText: "The link and the PIN will stop working for everyone. This cannot be undone.",
    removePresent: (n: number) =>
      n === 1
        ? "1 person is in the meeting now and will be disconnected."
        : `${n} people are in the meeting now and will be disconnected.`,
    removeConfirm: "Delete",
    noKeyTitle: "The key is not on this device",
    noKeyMine:
      "The key was created in another browser and was never sent to this service. Open the meeting in that browser, or open the invitation link in this one.",
    noKeyOther: "The key is part of your invitation link. Use that link to open the meeting.",
  },
  join: {
    title: "Ready to join?",
    guestTitle: "You are invited to a meeting",
    as: (name: string) => `You are joining as ${name}`,
    name: "Your name",
    nameHint: "Visible to the other participants.",
    nameMissing: "Enter your name.",
    pin: "PIN",
    pinHint: "Eight digits that you received from the organiser.",
    pinIncomplete: "The PIN has eight digits.",
    action: "Join meeting",
    joining: "Joining",
    /** Nobody refused, but something does not answer. */
    waiting: {
      service: "The service is not responding right now. You will join as soon as it is back.",
      media: "The media server is not responding right now. You will join as soon as it is back.",
    },
    linkHasForeignKey:
      "The link you opened contains a different key from the one that was created in this browser for this meeting. Your own key is used. Do not pass that link on.",
    linkSentKey:
      "Your link was altered on its way to you, so your browser has sent its key to this service. The service does not store or log it. If that is not good enough for this meeting, ask the organiser to plan a new one and to send you its link by another route.",
    alreadyIn:
      "You are already in this meeting in another tab of this browser. If you join here too, you will be there twice.",
    /** In a duplicated tab, which has the same place. */
    takesOver:
      "You are in this meeting in another tab of this browser. If you join here, it goes on here and ends there.",
    admitted: "You have been let in. You can join again without name and PIN.",
    haveAccount: "Do you have an account here?",
    signIn: "Sign in instead",
    encrypted: "End-to-end encrypted. The key is part of your link.",
  },
  devices: {
    title: "Check your devices",
    preview: "Your video",
    cameraOff: "Your camera is off",
    cameraNone: "No camera found",
    microphoneNone: "No microphone found",
    asking: "Your browser is asking for permission to use your camera and microphone. Please allow it.",
    camera: "Camera",
    microphone: "Microphone",
    speaker: "Speaker",
    turnCameraOn: "Turn camera on",
    turnCameraOff: "Turn camera off",
    turnMicrophoneOn: "Turn microphone on",
    turnMicrophoneOff: "Turn microphone off",
    level: "Microphone level",
    levelQuiet: "Say something. The bar should move.",
    levelGood: "Your microphone works.",
    levelOff: "Your microphone is off.",
    speakerTest: "Play test sound",
    speakerPlaying: "You should hear a short melody.",
    denied: {
      both: "Camera and microphone are blocked",
      camera: "The camera is blocked",
      microphone: "The microphone is blocked",
    },
    busy: {
      both: "Camera and microphone are being used by another application",
      camera: "The camera is being used by another application",
      microphone: "The microphone is being used by another application",
    },
    hint: {
      denied:
        "Allow access for this site (icon to the left of the address in your browser), then try again. You can also join just to watch and listen.",
      busy: "Close it and try again.",
    },
    hintInCall: {
      denied: "Allow access for this site (icon to the left of the address in your browser), then try again.",
      busy: "Close it and try again.",
    },
    none: "No devices were found. If your browser asked for permission, allow it and open this again.",
    failed: "This device could not be used. Check whether another application is using it.",
    settings: "Devices",
  },
  check: checkEn,
  lobby: lobbyEn,
  lead: leadEn,
  floor: floorEn,
  media: mediaEn,
  people: peopleEn,
  chat: chatEn,
  level: levelEn,
  call: {
    title: "Call",
    reconnecting: "Connection lost. Reconnecting, please wait.",
    reconnected: "Reconnected.",
    alone: "Nobody else is here yet",
    aloneHint: "You will see others as soon as they join.",
    microphoneOn: "Microphone on",
    microphoneOff: "Microphone off",
    mute: "Mute microphone",
    unmute: "Unmute microphone",
    cameraStop: "Turn camera off",
    cameraStart: "Turn camera on",
    shareWord: "Share",
    share: "Share screen",
    shareStop: "Stop sharing",
    shareRunning: (audible: boolean) =>
      audible
        ? "You are sharing your screen with its sound."
        : "You are sharing your screen, without sound. Chrome and Edge can share the sound of a tab: choose it in their dialog.",
    people: "People",
    peopleCount: (n: number) => `People: ${n}`,
    more: "More",
    leave: "Leave",
    leaveTitle: "Leave the meeting?",
    leaveText: "Going back ends your participation. The others stay in the meeting.",
    stay: "Stay",
    floorClosed: "Floor closed",
    floorClosedLong:
      "You cannot speak now. Your microphone stays off until an organiser opens the floor or lets you speak.",
    floorOpened: "You may speak now. Your microphone is still off.",
    soundsOn: "Turn signals on",
    soundsOff: "Turn signals off",
    arrived: "Joined",
    arrivedMore: (n: number) => `and ${n} more`,
    coOrganiser: "Co-organiser",
    titleWaiting: (title: string, n: number) => `(${n}) ${title}`,
    controls: "Call controls",
    layoutGrid: "Gallery view",
    layoutSpeaker: "Speaker view",
    fullscreen: "Full screen",
    fullscreenEnd: "Exit full screen",
    shortcuts: "Keyboard shortcuts",
    shortcutsUse: "Use keyboard shortcuts",
    shortcutsHold: "Push to talk: unmutes while held",
    shortcutsSpace: "Space",
    youNamed: (name: string) => `${name} (you)`,
    screenOf: (name: string) => `${name}’s screen`,
    ownScreen: "Your screen",
    kind: { organiser: "Organiser", member: "Member", guest: "Guest" },
    speaking: "speaking",
    muted: "microphone off",
    cameraOff: "camera off",
    page: (n: number, of: number) => `Page ${n} of ${of}`,
    pageNext: "Next page",
    pagePrevious: "Previous page",
    tile: (name: string, details: string) => `${name}, ${details}`,
    joined: (name: string) => `${name} joined.`,
    left: (name: string) => `${name} left.`,
    shares: (name: string) => `${name} is sharing a screen.`,
    qualityPoor: "Poor connection",
    qualityLost: "Connection lost",
    autoplayBlocked: "Your browser has blocked audio playback.",
    audioStart: "Play audio",
    since: (time: string) => `Joined at ${time}`,
    removedByIsolation: (names: string) => `Disconnected because they were outside this site: ${names}`,
    dismiss: "Dismiss",
    cap: {
      "360p":
        "The site’s connection to the outside is busy. Your video quality is reduced, and you cannot share your screen.",
      "180p":
        "The site’s connection to the outside is busy. Your video quality is low, and you cannot share your screen.",
      audio: "The site’s connection to the outside is nearly full. You are connected with audio only.",
    },
  },
  shield: {
    whole: "End-to-end encrypted",
    wholeText: "All video and audio in this call is end-to-end encrypted. This service cannot see or hear it.",
    partly: "Some media is blocked",
    partlyText:
      "Everything you see and hear is end-to-end encrypted. Other media is not, or does not match your key. It is neither shown nor played.",
    checking: "Verifying encryption",
    checkingText: "Incoming media is shown and played only once it has been decrypted.",
    alone: "Your video and audio are encrypted before they leave this device.",
    exceptions: "Blocked media",
    copyReport: "Copy report",
    reportCopied: "Report copied. Send it to your IT support.",
    state: {
      encrypted: "encrypted",
      checking: "verifying encryption",
      keyMismatch: "key does not match",
      refused: "not encrypted, blocked",
    },
  },
  blocked: {
    video: "This participant’s video is not encrypted. It is not shown.",
    screen: "This participant’s screen is not encrypted. It is not shown.",
    audio: "This participant’s audio is not encrypted. It is not played.",
    keyMismatch: "This participant uses a different key. Nothing can be shown.",
    checking: "Decrypting",
    alarmTitle: "Unencrypted media blocked",
    alarm: (name: string) =>
      `${name} is sending without end-to-end encryption. None of it is shown or played here. That participant may be able to hear what you say. Ask the organiser.`,
  },
  wrongKey: {
    title: "The key in your link does not match",
    text: "You are in the meeting, but you and the others cannot see or hear each other, because your link contains a different key.",
    todo: "Ask the organiser to send you the link again, and copy all of it.",
    retry: "Check again",
  },
  rejoining: {
    title: "Rejoining the meeting",
    text: "The connection was lost. You will be back in the meeting in a moment.",
    leave: "Leave instead",
  },
  ended: {
    left: { title: "You have left the meeting", text: "Nothing of the meeting remains on this page." },
    gaveUp: { title: "You are no longer waiting", text: "The organiser sees that you have left the lobby." },
    removed: { title: "You were removed from the meeting", text: "The organiser removed you." },
    over: { title: "The meeting has ended", text: "It was ended for everyone." },
    lost: {
      title: "Connection lost",
      text: "Several attempts to reconnect failed. Check your network connection.",
    },
    isolated: {
      title: "The site was isolated",
      text: "Nobody outside can take part for now. Your organiser is aware of this. You will not be reconnected automatically; wait to hear from your organiser.",
    },
    elsewhere: {
      title: "You are connected in another window",
      text: "This participation was opened a second time and continues there.",
    },
    mistrusted: {
      title: "The call was broken off",
      text: "The media server took you for somebody other than the person this service admitted. Nothing more is sent. Report this to your IT support before you join again.",
    },
    leftForNow:
      "If that was a mistake, you can go back for five minutes. After that, nothing of the meeting remains on this page.",
    rejoin: "Join again",
    home: "My meetings",
    close: "You can close this window.",
  } satisfies Record<EndReason, Message> & Record<string, Message | string>,
  errorTodo: "What you can do",
  errorPage,
};

type Shape<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { [K in keyof T]: Shape<T[K]> };

/** What every language has to say. */
export type Catalogue = Shape<typeof en>;
