import { LogLevel, setLogLevel } from "livekit-client";

// The library's log names rooms, identities and addresses; nothing of a meeting belongs into the console.
setLogLevel(LogLevel.silent);
